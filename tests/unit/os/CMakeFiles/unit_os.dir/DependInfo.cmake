
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/build/http-mini/tests/unit/os/file_test.cc" "tests/unit/os/CMakeFiles/unit_os.dir/file_test.cc.o" "gcc" "tests/unit/os/CMakeFiles/unit_os.dir/file_test.cc.o.d"
  "/work/main/build/http-mini/tests/unit/os/io_clock_test.cc" "tests/unit/os/CMakeFiles/unit_os.dir/io_clock_test.cc.o" "gcc" "tests/unit/os/CMakeFiles/unit_os.dir/io_clock_test.cc.o.d"
  "/work/main/build/http-mini/tests/unit/os/io_runtime_test.cc" "tests/unit/os/CMakeFiles/unit_os.dir/io_runtime_test.cc.o" "gcc" "tests/unit/os/CMakeFiles/unit_os.dir/io_runtime_test.cc.o.d"
  "/work/main/build/http-mini/tests/unit/os/process_test.cc" "tests/unit/os/CMakeFiles/unit_os.dir/process_test.cc.o" "gcc" "tests/unit/os/CMakeFiles/unit_os.dir/process_test.cc.o.d"
  "/work/main/build/http-mini/tests/unit/os/secret_test.cc" "tests/unit/os/CMakeFiles/unit_os.dir/secret_test.cc.o" "gcc" "tests/unit/os/CMakeFiles/unit_os.dir/secret_test.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/build/http-mini/src/os/CMakeFiles/holdfast_os.dir/DependInfo.cmake"
  "/work/main/build/http-mini/src/base/CMakeFiles/holdfast_base.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")

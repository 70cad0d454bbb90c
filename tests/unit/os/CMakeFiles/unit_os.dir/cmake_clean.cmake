file(REMOVE_RECURSE
  "CMakeFiles/unit_os.dir/file_test.cc.o"
  "CMakeFiles/unit_os.dir/file_test.cc.o.d"
  "CMakeFiles/unit_os.dir/io_clock_test.cc.o"
  "CMakeFiles/unit_os.dir/io_clock_test.cc.o.d"
  "CMakeFiles/unit_os.dir/io_runtime_test.cc.o"
  "CMakeFiles/unit_os.dir/io_runtime_test.cc.o.d"
  "CMakeFiles/unit_os.dir/process_test.cc.o"
  "CMakeFiles/unit_os.dir/process_test.cc.o.d"
  "CMakeFiles/unit_os.dir/secret_test.cc.o"
  "CMakeFiles/unit_os.dir/secret_test.cc.o.d"
  "unit_os"
  "unit_os.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/unit_os.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()

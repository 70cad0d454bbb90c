
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/build/http-mini/src/http/bearer_token.cc" "src/http/CMakeFiles/holdfast_http.dir/bearer_token.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/bearer_token.cc.o.d"
  "/work/main/build/http-mini/src/http/beast_impl.cc" "src/http/CMakeFiles/holdfast_http.dir/beast_impl.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/beast_impl.cc.o.d"
  "/work/main/build/http-mini/src/http/client.cc" "src/http/CMakeFiles/holdfast_http.dir/client.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/client.cc.o.d"
  "/work/main/build/http-mini/src/http/client_connection.cc" "src/http/CMakeFiles/holdfast_http.dir/client_connection.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/client_connection.cc.o.d"
  "/work/main/build/http-mini/src/http/listen_address.cc" "src/http/CMakeFiles/holdfast_http.dir/listen_address.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/listen_address.cc.o.d"
  "/work/main/build/http-mini/src/http/message.cc" "src/http/CMakeFiles/holdfast_http.dir/message.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/message.cc.o.d"
  "/work/main/build/http-mini/src/http/server.cc" "src/http/CMakeFiles/holdfast_http.dir/server.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/server.cc.o.d"
  "/work/main/build/http-mini/src/http/server_connection.cc" "src/http/CMakeFiles/holdfast_http.dir/server_connection.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/server_connection.cc.o.d"
  "/work/main/build/http-mini/src/http/tls_context.cc" "src/http/CMakeFiles/holdfast_http.dir/tls_context.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/tls_context.cc.o.d"
  "/work/main/build/http-mini/src/http/url.cc" "src/http/CMakeFiles/holdfast_http.dir/url.cc.o" "gcc" "src/http/CMakeFiles/holdfast_http.dir/url.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/build/http-mini/src/base/CMakeFiles/holdfast_base.dir/DependInfo.cmake"
  "/work/main/build/http-mini/src/os/CMakeFiles/holdfast_os.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")

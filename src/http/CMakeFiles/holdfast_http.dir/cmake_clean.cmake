file(REMOVE_RECURSE
  "CMakeFiles/holdfast_http.dir/bearer_token.cc.o"
  "CMakeFiles/holdfast_http.dir/bearer_token.cc.o.d"
  "CMakeFiles/holdfast_http.dir/beast_impl.cc.o"
  "CMakeFiles/holdfast_http.dir/beast_impl.cc.o.d"
  "CMakeFiles/holdfast_http.dir/client.cc.o"
  "CMakeFiles/holdfast_http.dir/client.cc.o.d"
  "CMakeFiles/holdfast_http.dir/client_connection.cc.o"
  "CMakeFiles/holdfast_http.dir/client_connection.cc.o.d"
  "CMakeFiles/holdfast_http.dir/listen_address.cc.o"
  "CMakeFiles/holdfast_http.dir/listen_address.cc.o.d"
  "CMakeFiles/holdfast_http.dir/message.cc.o"
  "CMakeFiles/holdfast_http.dir/message.cc.o.d"
  "CMakeFiles/holdfast_http.dir/server.cc.o"
  "CMakeFiles/holdfast_http.dir/server.cc.o.d"
  "CMakeFiles/holdfast_http.dir/server_connection.cc.o"
  "CMakeFiles/holdfast_http.dir/server_connection.cc.o.d"
  "CMakeFiles/holdfast_http.dir/tls_context.cc.o"
  "CMakeFiles/holdfast_http.dir/tls_context.cc.o.d"
  "CMakeFiles/holdfast_http.dir/url.cc.o"
  "CMakeFiles/holdfast_http.dir/url.cc.o.d"
  "libholdfast_http.a"
  "libholdfast_http.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang CXX)
  include(CMakeFiles/holdfast_http.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()

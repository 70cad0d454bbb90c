# Warnings are errors, assertions stay on in release (base/check.h refuses NDEBUG), and what
# hardens a binary that holds keys is on by default.
add_library(holdfast_compiler INTERFACE)
target_compile_options(holdfast_compiler INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch -Wunused-result -Wformat=2
  -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these inside coroutine frames and std::optional.
  target_compile_options(holdfast_compiler INTERFACE
    -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-restrict)
endif()
target_compile_definitions(holdfast_compiler INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
target_include_directories(holdfast_compiler INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_options(holdfast_compiler INTERFACE -Wl,-z,relro,-z,now)
if(HOLDFAST_SANITIZE)
  target_compile_options(holdfast_compiler INTERFACE
    -fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(holdfast_compiler INTERFACE -fsanitize=${HOLDFAST_SANITIZE})
  if(HOLDFAST_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC warns that it does not see the fences inside Asio; one thread runs each io_context, so
    # nothing of ours rests on them.
    target_compile_options(holdfast_compiler INTERFACE -Wno-tsan)
  endif()
else()
  target_compile_options(holdfast_compiler INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A unity file includes sources, and what a source keeps in an anonymous namespace then seems to
  # come from a header.
  target_compile_options(holdfast_compiler INTERFACE -Wno-subobject-linkage)
endif()
find_program(HOLDFAST_MOLD mold)
if(HOLDFAST_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_link_options(holdfast_compiler INTERFACE -fuse-ld=mold)
endif()
find_program(HOLDFAST_CCACHE ccache)
if(HOLDFAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HOLDFAST_CCACHE})
endif()

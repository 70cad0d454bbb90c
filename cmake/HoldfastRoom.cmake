# holdfast_room(NAME SOURCES a.cc b.cc [ROOMS lower rooms...] [LIBRARIES libs...])
# makes the library target of one room. The rooms that it names are the only ones that it may
# include; tests/checks/layers.py holds every #include to the same list.
function(holdfast_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(holdfast_${name} STATIC ${ROOM_SOURCES})
  set(room_targets ${ROOM_ROOMS})
  list(TRANSFORM room_targets PREPEND holdfast_)
  target_link_libraries(holdfast_${name} PUBLIC ${room_targets} ${ROOM_LIBRARIES}
    PRIVATE holdfast_compiler)
  target_include_directories(holdfast_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_definitions(holdfast_${name} PUBLIC
    BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
endfunction()

# myelin_layer(NAME sources...): one library a layer, with warnings, an alias myelin::NAME, and public headers under
# include/ that are installed and that each compile alone (target all_verify_interface_header_sets).

function(myelin_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
  if(MYELIN_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

function(myelin_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 LAYER "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE")
  set(target myelin_${name})
  add_library(${target} STATIC ${LAYER_SOURCES})  # symbols are hidden, and there are no export macros
  add_library(myelin::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERIFY_INTERFACE_HEADER_SETS ${MYELIN_BUILD_TESTS})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${LAYER_HEADERS})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${LAYER_PUBLIC} PRIVATE ${LAYER_PRIVATE})
  myelin_warnings(${target})
  set_property(GLOBAL APPEND PROPERTY MYELIN_LAYERS ${target})
endfunction()

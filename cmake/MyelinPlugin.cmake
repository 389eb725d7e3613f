# Agents in shared libraries, and programs that load them. Installed with the package. docs/guide/plugins.md explains it.
#
#   myelin_add_plugin(greeter greeter.cpp ${schema_sources})   # greeter.so, of sources with MYELIN_REGISTER_AGENT
#   myelin_plugin_host(my_node LAYERS memory)                  # an executable that may call load_plugin()
#
# There is one Myelin in a process: the program's. A plugin is compiled with its headers and linked with none of its
# libraries, whose symbols it finds in the program; those of its own are hidden, so that classes of one name in two
# plugins are two classes.

# Whatever a plugin might call of these is in every program that loads plugins; of others, where it names them.
set(MYELIN_PLUGIN_LAYERS base serialization kernels actors plugin)
set(MYELIN_PLUGIN_MORE_LAYERS network cluster operation consensus validator memory)

# Where capnp_generate_cpp(), called beside this, puts the headers that it makes.
function(_myelin_include_schemas target)
  if(DEFINED CAPNPC_OUTPUT_DIR)
    target_include_directories(${target} PRIVATE ${CAPNPC_OUTPUT_DIR})
  else()
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
  endif()
endfunction()

function(myelin_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES
    PREFIX ""
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${name} PRIVATE cxx_std_20)
  # Or statics of templates would be shared with other plugins, hidden or not.
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  foreach(layer IN LISTS MYELIN_PLUGIN_LAYERS MYELIN_PLUGIN_MORE_LAYERS)
    if(TARGET myelin::${layer})
      target_include_directories(${name} PRIVATE $<TARGET_PROPERTY:myelin::${layer},INTERFACE_INCLUDE_DIRECTORIES>)
      target_compile_definitions(${name} PRIVATE $<TARGET_PROPERTY:myelin::${layer},INTERFACE_COMPILE_DEFINITIONS>)
    endif()
    if(TARGET myelin_${layer})
      add_dependencies(${name} myelin_${layer})  # headers that are made in the build
    endif()
  endforeach()
  _myelin_include_schemas(${name})
  target_link_libraries(${name} PRIVATE CapnProto::capnp)
endfunction()

function(myelin_plugin_host target)
  cmake_parse_arguments(PARSE_ARGV 1 HOST "" "" "LAYERS")
  set(layers ${MYELIN_PLUGIN_LAYERS} ${HOST_LAYERS})
  set(archives "")
  foreach(layer IN LISTS layers)
    target_link_libraries(${target} PRIVATE myelin::${layer})
    string(APPEND archives ",$<TARGET_FILE:myelin::${layer}>")
  endforeach()
  _myelin_include_schemas(${target})
  set_target_properties(${target} PROPERTIES ENABLE_EXPORTS ON)
  # Also what the program itself does not call.
  target_link_options(${target} PRIVATE "LINKER:--whole-archive${archives},--no-whole-archive")
endfunction()

# The rooms that others use, as one library: baton::shared, baton::static, and baton::baton, which is the first of the
# two that is built. Both take the rooms' own objects, so nothing is compiled twice.

set(library_rooms base crypto tls remote_key serialization handshake offload api capi)
set(library_dependencies OpenSSL::SSL OpenSSL::Crypto Threads::Threads $<$<BOOL:${BATON_IPSEC_MB}>:IPSecMB::IPSecMB>)
# Before 1.0 the minor version is the one that may break programs.
set(BATON_SONAME_VERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# baton_library(NAME SHARED|STATIC): baton_NAME, which others call baton::NAME.
function(baton_library name type)
  add_library(baton_${name} ${type})
  add_library(baton::${name} ALIAS baton_${name})
  foreach(room IN LISTS library_rooms)
    target_sources(baton_${name} PRIVATE $<TARGET_OBJECTS:baton_${room}>)
  endforeach()
  target_include_directories(baton_${name} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(baton_${name} INTERFACE cxx_std_20)
  target_link_libraries(baton_${name} INTERFACE tl::expected PRIVATE ${library_dependencies})
  set_target_properties(baton_${name} PROPERTIES OUTPUT_NAME baton EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
endfunction()

function(baton_shared_library)
  baton_library(shared SHARED)
  set(symbols ${CMAKE_CURRENT_BINARY_DIR}/libbaton.map)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/libbaton.map.in ${symbols} @ONLY)
  target_link_libraries(baton_shared PRIVATE baton_options)
  target_link_options(baton_shared PRIVATE -Wl,--version-script=${symbols})
  if(NOT BATON_SANITIZE)
    target_link_options(baton_shared PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(baton_shared PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${BATON_SONAME_VERSION} LINK_DEPENDS ${symbols})
endfunction()

# With link-time optimisation each object holds the compiler's own form beside the machine's. Another compiler, or
# another version of this one, could not read that form and would not look at the other.
function(baton_static_library)
  baton_library(static STATIC)
  # A C program's linker would not look for it by itself.
  target_link_libraries(baton_static INTERFACE $<$<LINK_LANGUAGE:C>:stdc++>)
  if(NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    return()
  endif()
  foreach(room IN LISTS library_rooms)
    target_compile_options(baton_${room} PRIVATE -ffat-lto-objects)
  endforeach()
  add_custom_command(TARGET baton_static POST_BUILD VERBATIM
    COMMAND ${CMAKE_STRIP} -R .gnu.lto_* -R .gnu.debuglto_* -N __gnu_lto_v1 $<TARGET_FILE:baton_static>)
endfunction()

# The Asio stream is a header, which takes the Asio that the program has.
function(baton_asio_component)
  add_library(baton_asio_component INTERFACE)
  add_library(baton::asio ALIAS baton_asio_component)
  target_include_directories(baton_asio_component INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(baton_asio_component INTERFACE Threads::Threads)
  set_target_properties(baton_asio_component PROPERTIES EXPORT_NAME asio)
endfunction()

if(BATON_STATIC_LIBRARY)
  baton_static_library()
  set(first baton_static)
endif()
if(BATON_SHARED_LIBRARY)
  baton_shared_library()
  set(first baton_shared)
endif()
if(first)
  add_library(baton::baton ALIAS ${first})
endif()
baton_asio_component()

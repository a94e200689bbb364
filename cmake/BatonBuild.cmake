# How every target of Baton is compiled.

add_library(baton_options INTERFACE)
target_include_directories(baton_options INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_options(baton_options INTERFACE -fstack-protector-strong)
target_compile_definitions(baton_options INTERFACE BATON_VERSION="${PROJECT_VERSION}")
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(baton_options INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(baton_options INTERFACE -Wl,-z,relro,-z,now)

# How Baton is built by itself. Inside another project that one chooses its tools, and newer compilers warn of more.
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(baton_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Werror)
  find_program(BATON_CCACHE ccache)
  if(BATON_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${BATON_CCACHE})
  endif()
  # What is shipped is optimised as a whole: a record of 64 bytes costs a fifth less. g++'s form of that is not
  # lld's.
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    # It numbers the members of a coroutine's frame anew in each source, then finds them to differ.
    target_link_options(baton_options INTERFACE -Wno-odr)
  endif()
  find_program(BATON_LLD ld.lld)
  if(BATON_LLD AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
    target_link_options(baton_options INTERFACE -fuse-ld=lld)
  endif()
endif()

if(BATON_TEST_HOOKS)
  target_compile_definitions(baton_options INTERFACE BATON_TEST_HOOKS)
endif()
if(BATON_SANITIZE)
  target_compile_options(baton_options INTERFACE -fsanitize=${BATON_SANITIZE} -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
  target_link_options(baton_options INTERFACE -fsanitize=${BATON_SANITIZE})
endif()
if(BATON_FUZZ)
  target_compile_options(baton_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees a mismatch between the two allocation functions of Asio's coroutine frames, which is none.
  target_compile_options(baton_options INTERFACE -Wno-mismatched-new-delete)
  if(BATON_SANITIZE)
    # Its flow analysis does not follow what the sanitizers put in; the builds without them keep the warning.
    target_compile_options(baton_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang 14 does not announce the coroutines that it has in the way that g++ 12's library asks for.
  target_compile_options(baton_options INTERFACE -Wno-unused-command-line-argument)
  # Its function sanitizer cannot be laid in front of a coroutine.
  target_compile_options(baton_options INTERFACE -fno-sanitize=function)
  target_compile_definitions(baton_options INTERFACE ASIO_HAS_CO_AWAIT __cpp_impl_coroutine=201902L)
endif()

# baton_room(NAME SOURCES … ROOMS lower rooms … LIBRARIES others …): one room of the house as a static library.
function(baton_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(baton_${name} STATIC ${ROOM_SOURCES})
  list(TRANSFORM ROOM_ROOMS PREPEND baton_)
  target_link_libraries(baton_${name} PUBLIC baton_options ${ROOM_ROOMS} ${ROOM_LIBRARIES})
  # The shared library shows what BATON_EXPORT stands at.
  set_target_properties(baton_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

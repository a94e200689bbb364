# cmake -DSOURCE=… -DPREFIX=… -DBIN=… -P build.cmake
#
# Builds a copy of the examples SOURCE on the package in PREFIX, in a folder outside of everything of Baton, and
# leaves the programs in BIN.
execute_process(COMMAND mktemp -d OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(COPY ${SOURCE}/ DESTINATION ${folder}/examples)
file(REMOVE_RECURSE ${BIN})
foreach(step "-G;Ninja;-S;${folder}/examples;-B;${folder}/build;-DCMAKE_PREFIX_PATH=${PREFIX};-DCMAKE_COMPILE_WARNING_AS_ERROR=ON"
             "--build;${folder}/build")
  execute_process(COMMAND ${CMAKE_COMMAND} ${step} RESULT_VARIABLE failed)
  if(failed)
    file(REMOVE_RECURSE ${folder})
    message(FATAL_ERROR "the examples do not build")
  endif()
endforeach()
file(GLOB built ${folder}/build/*)
foreach(file IN LISTS built)
  get_filename_component(name ${file} NAME)
  if(EXISTS ${SOURCE}/${name}.cc OR EXISTS ${SOURCE}/${name}.c)
    file(COPY ${file} DESTINATION ${BIN})
  endif()
endforeach()
file(REMOVE_RECURSE ${folder})

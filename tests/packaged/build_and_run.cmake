# cmake -DSOURCE=… -DBUILD=… -DCERTIFICATE=… [-DCOMPILER=…] [-DOPTIONS="-D… -D…"] -P build_and_run.cmake
#
# Builds the project SOURCE in a folder that was not there before, and runs its `consumer`.
file(REMOVE_RECURSE ${BUILD})
if(COMPILER)
  set(ENV{CXX} ${COMPILER})
endif()
separate_arguments(options UNIX_COMMAND "${OPTIONS}")
execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${SOURCE} -B ${BUILD} ${options} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target consumer COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${BUILD}/consumer ${CERTIFICATE}.pem ${CERTIFICATE}.key COMMAND_ERROR_IS_FATAL ANY)

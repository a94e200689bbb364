# cmake -DBUILD=… -DPREFIX=… -DCERTIFICATE=… -P install.cmake
#
# Installs the build BUILD into an empty PREFIX, and makes what the consumers need.
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX} OUTPUT_QUIET
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost
          -addext subjectAltName=DNS:localhost -keyout ${CERTIFICATE}.key -out ${CERTIFICATE}.pem
  ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)

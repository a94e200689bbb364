# cmake -DCOMPILER=… -DINCLUDES=… -DCASE=n -DBECAUSE=… -P check.cmake
#
# Compiles one case of cases.cc. It must fail for the reason that the regular expression BECAUSE finds in what the
# compiler says; without BECAUSE it must compile.
set(ENV{LC_ALL} C)
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only -Werror=unused-result -I${INCLUDES} -DCASE=${CASE}
          ${CMAKE_CURRENT_LIST_DIR}/cases.cc
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT BECAUSE)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "case ${CASE} must compile:\n${output}")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "case ${CASE} compiles, and must not")
elseif(NOT output MATCHES "cases.cc:[0-9]+:[0-9]+: error: [^\n]*${BECAUSE}")
  message(FATAL_ERROR "case ${CASE} fails for another reason than \"${BECAUSE}\":\n${output}")
endif()

# What cmake --install copies. Five components, so that a distribution can split its packages: runtime (the shared
# library), development, programs, provider (the module of OpenSSL), documentation.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/baton)

# install_with_targets(COMPONENT NAME TARGET…): each NAME has a file of targets of its own, so that a program which
# takes the shared library need not have what the static one stands on.
function(install_with_targets component name)
  install(TARGETS ${ARGN} EXPORT baton-${name}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component} NAMELINK_COMPONENT development)
  install(EXPORT baton-${name} NAMESPACE baton:: FILE baton-${name}-targets.cmake DESTINATION ${package_dir}
          COMPONENT development)
endfunction()

if(BATON_SHARED_LIBRARY)
  install_with_targets(runtime shared baton_shared)
endif()
if(BATON_STATIC_LIBRARY)
  install_with_targets(development static baton_static)
endif()
install_with_targets(development asio baton_asio_component)
if(BATON_PROGRAMS)
  # baton::baton is the library.
  set_property(TARGET baton PROPERTY EXPORT_NAME command_line)
  set_property(TARGET baton-keystore PROPERTY EXPORT_NAME keystore)
  set_property(TARGET baton-proxy PROPERTY EXPORT_NAME proxy)
  install_with_targets(programs programs baton baton-keystore baton-proxy)
  # Debian's OpenSSL looks for modules in /usr/lib/<its architecture>/ossl-modules.
  install(TARGETS baton-provider LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/ossl-modules COMPONENT provider)
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/baton DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h")

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/baton-config.cmake.in baton-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 the minor version is the one that may break programs.
write_basic_package_version_file(baton-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/baton-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/baton-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindIPSecMB.cmake
  DESTINATION ${package_dir} COMPONENT development)

# pkg-config's file finds the prefix from its own place, so that cmake --install --prefix may choose another one.
cmake_path(IS_ABSOLUTE CMAKE_INSTALL_LIBDIR libdir_is_absolute)
if(libdir_is_absolute)
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  string(REGEX REPLACE "[^/]+" ".." up ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  set(pc_prefix "\${pcfiledir}/${up}")
endif()
cmake_path(APPEND pc_libdir "\${prefix}" ${CMAKE_INSTALL_LIBDIR})
cmake_path(APPEND pc_includedir "\${prefix}" ${CMAKE_INSTALL_INCLUDEDIR})
if(BATON_IPSEC_MB)
  set(pc_ipsec_mb "-lIPSec_MB ")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/baton.pc.in baton.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/baton.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT development)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documentation)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documentation)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/packaging/examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT documentation)

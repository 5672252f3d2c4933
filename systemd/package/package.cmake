# What `cpack` makes of a build folder: Debian packages of the daemon, the client library, its headers and the tools.
#
# Files belong to a package by their install component; the rest of a plain `cmake --install` is in none.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME referrald)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "referrald maintainers <maintainers@referrald.example>" CACHE STRING "maintainer named in packages")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL daemon library dev tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_STRIP_FILES ON)
# The units and the configuration name their places: a package is for /usr and /etc, whatever the build's own prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)

# package(COMPONENT NAME SECTION): the control file, and the two documents every package has.
function(package component name section)
  string(TOUPPER ${component} key)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SHLIBDEPS ON PARENT_SCOPE)
  set(doc ${CMAKE_INSTALL_DATADIR}/doc/${name})
  install(FILES ${CMAKE_CURRENT_LIST_DIR}/copyright DESTINATION ${doc} COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${doc} COMPONENT ${component} EXCLUDE_FROM_ALL)
endfunction()

execute_process(COMMAND gzip -9nc ${CMAKE_CURRENT_LIST_DIR}/changelog OUTPUT_FILE ${PROJECT_BINARY_DIR}/changelog.gz
                COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/changelog)

package(daemon referrald net)
set(CPACK_COMPONENT_DAEMON_DESCRIPTION "two-way referral message broker
Routes referrals between the information systems of a medical consortium,
up from health centres to hospitals and down again with findings and a plan,
and keeps every message until its receiver has acknowledged it.

The package makes the user referrald and enables the service; it is started
once `referralctl init` has made a store and its keys.")
# tmpfiles and sysusers are run while the package is configured; init, verify, backup and restore are referralctl's.
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS
    "referral-tools (= ${PROJECT_VERSION}), systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA
    "${CMAKE_CURRENT_LIST_DIR}/postinst;${CMAKE_CURRENT_LIST_DIR}/prerm;${CMAKE_CURRENT_LIST_DIR}/postrm;${CMAKE_CURRENT_LIST_DIR}/conffiles")
install(FILES systemd/referrald.conf.example DESTINATION /etc/referrald RENAME referrald.conf COMPONENT daemon EXCLUDE_FROM_ALL)

package(library libreferral${PROJECT_VERSION_MAJOR} libs)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "client library of the referral message broker
Connects a hospital's or health centre's information system to referrald:
requests that are done once, deliveries that are kept until acknowledged,
reconnecting by itself.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/triggers)

package(dev libreferral-dev libdevel)
set(CPACK_COMPONENT_DEV_DESCRIPTION "client library of the referral message broker (development)
Headers, the static library, the manual page, and for every other language
the protocol as .proto files with their guide.")
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libreferral${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION}), libprotobuf-c-dev, libzmq3-dev, libsodium-dev")

package(tools referral-tools admin)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "command line tools of the referral message broker
referralctl sends, receives and answers referrals as an institution does,
shows an operator what waits and why, keeps the registry, and makes, verifies,
backs up and restores stores.")
include(CPack)

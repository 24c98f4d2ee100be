# Installs the libraries, their headers and the programs, and exports a CMake package, so that another
# project can find_package(odin) and link odin::eval.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/odin)

install(TARGETS odin_kernels odin_nn odin_weights odin_eval odin_shared EXPORT odin-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
get_property(programs GLOBAL PROPERTY ODIN_PROGRAMS)
install(TARGETS ${programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(folder kernels nn weights eval)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION include/odin
          FILES_MATCHING PATTERN "*.h"
          PATTERN json_text.h EXCLUDE  # for our own sources: it needs nlohmann-json
          PATTERN row_major.h EXCLUDE)  # likewise: it needs Eigen
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/eval/interface/odin.h DESTINATION include)
install(PROGRAMS ${PROJECT_SOURCE_DIR}/tools/fetch_data DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/fetching DESTINATION share/odin FILES_MATCHING PATTERN "*.py" PATTERN "*.json")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/weights/ DESTINATION share/odin/weights FILES_MATCHING PATTERN "*.h5")

install(EXPORT odin-targets NAMESPACE odin:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/odin-config.cmake.in
                              ${PROJECT_BINARY_DIR}/odin-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/odin-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/odin-config.cmake ${PROJECT_BINARY_DIR}/odin-config-version.cmake
        DESTINATION ${package_dir})

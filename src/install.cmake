# What is installed, and where: the program with its man page, example decks, the job scripts and the debugger, completion
# for bash, a module file, the licence and what else belongs to the documents.
include(GNUInstallDirs)
set(data ${CMAKE_INSTALL_DATADIR}/heat2d)

install(TARGETS heat2d RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES src/heat2d.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(DIRECTORY configs DESTINATION ${data})
install(DIRECTORY scripts/pbs scripts/gdb DESTINATION ${data}/scripts USE_SOURCE_PERMISSIONS
  PATTERN "__pycache__" EXCLUDE)
install(PROGRAMS scripts/debug DESTINATION ${data}/scripts)
install(FILES scripts/lib.sh scripts/README.md DESTINATION ${data}/scripts)
install(FILES src/doc/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME heat2d)
install(DIRECTORY src/doc/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING PATTERN "LICENSE" PATTERN "*.cff" PATTERN "*.md")
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The module file names the prefix, which may be given as late as `cmake --install --prefix`.
set(module_names PROJECT_VERSION MPIEXEC_EXECUTABLE CMAKE_INSTALL_BINDIR CMAKE_INSTALL_MANDIR CMAKE_INSTALL_DATADIR)
foreach(name ${module_names})
  install(CODE "set(${name} \"${${name}}\")")
endforeach()
install(CODE "
  configure_file(\"${CMAKE_CURRENT_SOURCE_DIR}/src/doc/modulefile.in\" \"${CMAKE_CURRENT_BINARY_DIR}/generated/modulefile\" @ONLY)
  file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/modulefiles/heat2d\" TYPE FILE
    RENAME \"${PROJECT_VERSION}\" FILES \"${CMAKE_CURRENT_BINARY_DIR}/generated/modulefile\")")

# Writes version.h with the version and the git commit; leaves it alone when nothing has changed.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=10 OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "no git")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define HEAT2D_VERSION \"${VERSION}\"\n#define HEAT2D_COMMIT \"${commit}\"\n")

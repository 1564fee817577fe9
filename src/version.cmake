# Writes version.h with the version and, where it is known, the commit: of the git repository whose top the source is (not
# of one that it merely lies in), or what `git archive` wrote into the file VERSION. Leaves the file alone when nothing
# has changed, and the source in any case.
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-prefix OUTPUT_VARIABLE below
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
set(commit "")
if(NOT failed AND below STREQUAL "")
  execute_process(COMMAND ${CMAKE_COMMAND} -E env GIT_OPTIONAL_LOCKS=0
    git -C ${SOURCE} describe --always --dirty --abbrev=10 OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
endif()
if(commit STREQUAL "")
  file(STRINGS ${SOURCE}/src/VERSION lines)
  list(GET lines 1 commit)
  if(commit MATCHES "[$]")
    set(commit "") # not from an archive
  endif()
endif()
set(text "${VERSION}")
if(NOT commit STREQUAL "")
  string(APPEND text " (${commit})")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define HEAT2D_VERSION \"${text}\"\n")

#include "heat2d/base/launch.h"

#include <mpi.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

bool heat_is_launched(void) {
  static const char *const launchers[] = {"OMPI_COMM_WORLD_SIZE", "PMI_RANK",           "PMIX_RANK",  "SLURM_PROCID",
                                          "FLUX_TASK_RANK",       "JSM_NAMESPACE_RANK", "ALPS_APP_PE"};
  for (size_t n = 0; n < sizeof launchers / sizeof *launchers; n++)
    if (getenv(launchers[n]) != NULL) return true;
  return false;
}

/* Without a daemon, all processes of Open MPI on a machine use the same session directory, and the first process that
 * ends removes it while the others still need it. So each process gets a directory of its own, named by process id and
 * time, at the place where Open MPI makes its own. Open MPI makes and removes it. */
static void name_session(char *path, size_t size) {
  static const char *const places[] = {"OMPI_MCA_orte_tmpdir_base", "TMPDIR", "TEMP", "TMP"};
  const char *folder = NULL;
  for (size_t n = 0; n < sizeof places / sizeof *places && folder == NULL; n++) folder = getenv(places[n]);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(path, size, "%s/ompi.heat2d.%ld.%lld%09ld", folder != NULL ? folder : "/tmp", (long)getpid(),
           (long long)now.tv_sec, now.tv_nsec);
}

void heat_launch(int *argc, char ***argv) {
  char session[4096];
  name_session(session, sizeof session);
  /* These settings save the 0.3 s in which Open MPI prepares for communication that a process alone never does. */
  struct {
    const char *name, *value;
    bool ours;
  } settings[] = {{"OMPI_MCA_orte_jobfam_session_dir", session, false},
                  {"OMPI_MCA_ess_singleton_isolated", "1", false},
                  {"OMPI_MCA_pml", "ob1", false}};
  const size_t count = sizeof settings / sizeof *settings;
  const bool alone = !heat_is_launched();
  for (size_t n = 0; n < count && alone; n++) {
    settings[n].ours = getenv(settings[n].name) == NULL;
    setenv(settings[n].name, settings[n].value, 0);
  }
  int provided;
  MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
  for (size_t n = 0; n < count; n++)
    if (settings[n].ours) unsetenv(settings[n].name);
}

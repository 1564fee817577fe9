/* libFuzzer target: any text as a deck. It must be accepted or refused with a message, and an accepted deck must be the
 * same after it was written and read again. */
#include "heat2d/base/launch.h"
#include "heat2d/deck/problem.h"

#include <sanitizer/lsan_interface.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  __lsan_disable(); /* memory that MPI keeps until the process ends is no leak of this program */
  heat_launch(NULL, NULL);
  __lsan_enable();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  heat_config *config = NULL, *again = NULL;
  heat_status status = heat_config_parse(&config, "fuzz", (const char *)data, size, NULL, 0);
  if (status.code != HEAT_OK) {
    if (status.text[0] == '\0') abort();
    return 0;
  }
  char *text = heat_config_write(config);
  if (text == NULL || heat_config_parse(&again, "again", text, strlen(text), NULL, 0).code != HEAT_OK) abort();
  char difference[256];
  if (heat_config_differs(config, again, difference, sizeof difference)) abort();
  /* The problem compiles all expressions. A few values of each are evaluated. */
  heat_problem problem;
  status = heat_problem_create(&problem, MPI_COMM_SELF, config);
  for (int p = 0; p < HEAT_PROPERTIES && status.code == HEAT_OK; p++) {
    double value;
    heat_problem_values(&problem, (heat_property)p, 0, 0, 1, 0.5, &value);
  }
  heat_problem_destroy(&problem);
  free(text);
  heat_config_destroy(again);
  heat_config_destroy(config);
  return 0;
}

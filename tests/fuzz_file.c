/* libFuzzer target: any bytes as a checkpoint or snapshot, read as info, compare and --resume read them. */
#include "heat2d/base/launch.h"
#include "heat2d/io/checkpoint.h"

#include <sanitizer/lsan_interface.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/heat2d-fuzz-XXXXXX";
static int file;

static void remove_file(void) {
  unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  __lsan_disable(); /* memory that MPI keeps until the process ends is no leak of this program */
  heat_launch(NULL, NULL);
  __lsan_enable();
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  file = mkstemp(path);
  if (file < 0) abort();
  atexit(remove_file);
  return 0;
}

/* Read the file as `compare` does, which does not need a digest. */
static void read_field(void) {
  enum { MOST = 1 << 20 };
  hid_t handle;
  int64_t rows, columns;
  if (heat_h5_open(&handle, path).code != HEAT_OK) return;
  if (heat_h5_shape(handle, "temperature", &rows, &columns).code == HEAT_OK && rows > 0 && rows <= MOST &&
      columns > 0 && columns <= MOST / rows) {
    double *field = malloc((size_t)(rows * columns) * sizeof *field);
    heat_h5_read_box(handle, "temperature", (heat_box){{0, 0}, {columns, rows}}, field);
    free(field);
  }
  H5Fclose(handle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size) abort();
  if (heat_h5_verify(MPI_COMM_SELF, path, NULL).code == HEAT_OK) {
    heat_state state;
    char *deck;
    heat_checkpoint_read_state(MPI_COMM_SELF, NULL, path, &state, &deck);
    free(deck);
  }
  read_field();
  return 0;
}

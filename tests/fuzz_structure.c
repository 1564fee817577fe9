/* Valid HDF5 files with a wrong structure: shapes, types, layouts, filters, links and attributes that no checkpoint
 * has. `info`, `compare`, `--resume` and the fields of a deck must end with a status for each of them, without a crash,
 * a hang, or more memory than the file could fill.
 *
 *     fuzz_structure [FILES [SEED]]     (default 300 1; each file depends on its number and the seed alone) */
#include "heat2d/base/launch.h"
#include "heat2d/deck/dataset.h"
#include "heat2d/io/checkpoint.h"

#include <math.h>
#include <signal.h>

#include "harness.h"
#include "scene.h"

enum { NX = 5, NY = 4, SECONDS = 10, LONGEST_RANK = 3 };
static const char deck[] = "domain: {size: [1, 1], cells: [5, 4]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 'x + y'}\ntime: {end: 1}\n";
static const char path[] = "file.h5";

static uint64_t state;

/* xorshift64*, Vigna (2016). */
static uint64_t number(uint64_t below) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (state * 0x2545f4914f6cdd1d >> 11) % below;
}

static hsize_t extent(void) {
  static const hsize_t few[] = {0, 1, 2, NX, NY, NX, NY, NX, NY, 100, 4097};
  static const hsize_t many[] = {(hsize_t)1 << 20, (hsize_t)1 << 31, (hsize_t)1 << 32, (hsize_t)1 << 58,
                                 (hsize_t)1 << 61, INT64_MAX,        (hsize_t)1 << 18, (hsize_t)1 << 40};
  return number(4) > 0 ? few[number(sizeof few / sizeof *few)] : many[number(sizeof many / sizeof *many)];
}

/* Return a new type or a copy of a native one, which has to be closed. */
static hid_t any_type(void) {
  const hsize_t two = 2;
  hid_t type, native[] = {H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_NATIVE_LDOUBLE,
                          H5T_STD_I8LE,   H5T_STD_U64BE,  H5T_STD_B16LE,  H5T_UNIX_D32LE, H5T_STD_REF_OBJ};
  switch (number(8)) {
  case 0:
    return H5Tarray_create(H5T_IEEE_F64LE, 1, &two);
  case 1:
    type = H5Tcreate(H5T_COMPOUND, 16);
    H5Tinsert(type, "a", 0, H5T_IEEE_F64LE);
    return type;
  case 2:
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, number(2) > 0 ? H5T_VARIABLE : 1 + number(100000));
    return type;
  case 3:
    return H5Tvlen_create(H5T_IEEE_F64LE);
  case 4:
    type = H5Tcopy(H5T_IEEE_F64LE); /* much larger than the number of its bits */
    H5Tset_size(type, 8 + number(2) * number(1 << 20));
    return type;
  default:
    return H5Tcopy(native[number(sizeof native / sizeof *native)]);
  }
}

static hid_t any_space(int *rank, hsize_t shape[LONGEST_RANK]) {
  hsize_t most[LONGEST_RANK];
  *rank = number(3) > 0 ? 2 : (int)number(LONGEST_RANK + 1);
  if (number(20) == 0) return H5Screate(H5S_NULL);
  if (*rank == 0) return H5Screate(H5S_SCALAR);
  for (int d = 0; d < *rank; d++) {
    shape[d] = extent();
    most[d] = number(4) > 0 ? shape[d] : H5S_UNLIMITED;
  }
  if (number(2) > 0 && *rank == 2) {
    shape[0] = NY;
    shape[1] = NX;
  }
  return H5Screate_simple(*rank, shape, number(2) > 0 ? most : NULL);
}

/* Avoid two faults of HDF5 1.10: it takes minutes to make and close a dataset of very many chunks once one is written,
 * and its scale-offset filter writes beyond the memory of a small chunk. */
static bool can_be_written(hid_t space, hid_t list) {
  unsigned flags;
  size_t values = 0;
  const double most_places = 1 << 20;
  hsize_t shape[LONGEST_RANK] = {0}, most[LONGEST_RANK] = {0}, chunk[LONGEST_RANK] = {0};
  if (H5Pget_layout(list) != H5D_CHUNKED) return true;
  if (H5Pget_filter_by_id(list, H5Z_FILTER_SCALEOFFSET, &flags, &values, NULL, 0, NULL, NULL) >= 0) return false;
  const int rank = H5Sget_simple_extent_dims(space, shape, most);
  double places = H5Pget_chunk(list, LONGEST_RANK, chunk) == rank ? 1 : 0;
  for (int d = 0; d < rank && places > 0; d++)
    places *= most[d] == H5S_UNLIMITED ? 1 : 1 + (double)most[d] / (double)chunk[d];
  return places <= most_places;
}

static hid_t any_layout(hid_t type, hid_t space, int rank, const hsize_t shape[LONGEST_RANK]) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t chunk[LONGEST_RANK];
  const double fill = 7;
  switch (number(6)) {
  case 0:
    H5Pset_layout(list, H5D_COMPACT);
    break;
  case 1:
    H5Pset_external(list, number(2) > 0 ? "/dev/zero" : "nowhere.raw", 0, H5F_UNLIMITED);
    break;
  case 2:
    H5Pset_virtual(list, space, number(2) > 0 ? "." : "nowhere.h5", "/x", space);
    break;
  case 3:
  case 4:
    for (int d = 0; d < rank; d++) chunk[d] = 1 + number(number(3) > 0 ? 8 : 1 << 16);
    for (int d = 0; d < rank && number(2) > 0; d++) chunk[d] = shape[d] > 0 && shape[d] < 1000 ? shape[d] : 1;
    if (rank > 0) H5Pset_chunk(list, rank, chunk);
    if (number(2) > 0) H5Pset_shuffle(list);
    if (number(2) > 0) H5Pset_deflate(list, 9);
    if (number(3) == 0) H5Pset_fletcher32(list);
    if (number(4) == 0) H5Pset_scaleoffset(list, H5Z_SO_INT, 2);
    break;
  default:
    if (number(2) > 0) H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  }
  if (number(5) == 0 && H5Tget_class(type) == H5T_FLOAT) H5Pset_fill_value(list, H5T_NATIVE_DOUBLE, &fill);
  return list;
}

/* Make a dataset or another object of that name. */
static void put_object(hid_t file, const char *name) {
  hsize_t shape[LONGEST_RANK] = {0};
  int rank;
  if (H5Lexists(file, name, H5P_DEFAULT) > 0) H5Ldelete(file, name, H5P_DEFAULT);
  switch (number(12)) {
  case 0:
    H5Gclose(H5Gcreate(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    return;
  case 1:
    H5Lcreate_soft(number(2) > 0 ? name : "/nowhere", file, name, H5P_DEFAULT, H5P_DEFAULT); /* to itself */
    return;
  case 2:
    H5Lcreate_external(number(2) > 0 ? path : "/dev/zero", "/temperature", file, name, H5P_DEFAULT, H5P_DEFAULT);
    return;
  case 3:
    H5Lcreate_hard(file, "/", file, name, H5P_DEFAULT, H5P_DEFAULT); /* a circle */
    return;
  default:
    break;
  }
  const hid_t type = any_type(), space = any_space(&rank, shape), list = any_layout(type, space, rank, shape);
  const hid_t dataset = H5Dcreate(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  static const double values[NX * NY] = {1, 2, 3, INFINITY};
  const hssize_t count = dataset >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
  /* HDF5 1.10 never returns from writing to a virtual dataset whose source is itself. */
  if (count > 0 && count <= NX * NY && number(3) > 0 && H5Pget_layout(list) != H5D_VIRTUAL &&
      can_be_written(space, list))
    H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  if (dataset >= 0) H5Dclose(dataset);
  H5Pclose(list);
  H5Sclose(space);
  H5Tclose(type);
}

static void put_attribute(hid_t file, const char *name) {
  hsize_t shape[LONGEST_RANK] = {0};
  int rank;
  if (H5Aexists(file, name) > 0) H5Adelete(file, name);
  const hid_t type = any_type(), space = any_space(&rank, shape);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const size_t width = H5Tget_size(type);
  const bool small = count <= 0 || (size_t)count <= ((size_t)1 << 22) / width;
  const hid_t attribute = small ? H5Acreate(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : H5I_INVALID_HID;
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

static void change_structure(void) {
  static const char *const objects[] = {"temperature", "temperature", "temperature", "wall_heat_left", "x", "time"};
  static const char *const attributes[] = {"digest", "step", "time",        "dt",    "deck",    "anchor_step", "ranks",
                                           "other",  "job",  "source_heat", "title", "created", "off_lattice"};
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(file >= 0);
  for (uint64_t n = number(4); n > 0; n--)
    put_attribute(file, attributes[number(sizeof attributes / sizeof *attributes)]);
  for (uint64_t n = 1 + number(2); n > 0; n--) put_object(file, objects[number(sizeof objects / sizeof *objects)]);
  H5Fclose(file);
}

static void read_as_info_and_compare_do(void) {
  enum { MOST = 1 << 20 };
  hid_t file;
  int64_t rows, columns;
  char *text;
  double value;
  if (heat_h5_open(&file, path).code != HEAT_OK) return;
  if (heat_h5_shape(file, "temperature", &rows, &columns).code == HEAT_OK && rows > 0 && columns > 0 &&
      columns <= MOST / rows) {
    double *field = malloc((size_t)(rows * columns) * sizeof *field);
    heat_h5_read_box(file, "temperature", (heat_box){{0, 0}, {columns, rows}}, field);
    free(field);
  }
  heat_h5_get_text(file, "digest", &text);
  free(text);
  heat_h5_get_text(file, "title", &text);
  free(text);
  heat_h5_get_real(file, "time", &value);
  H5Fclose(file);
}

static void read_as_a_field(void) {
  heat_dataset *dataset;
  double row[NX];
  const heat_dataset_want want = {.file = path,
                                  .path = "/temperature",
                                  .index = (int64_t)number(3) - 1,
                                  .cells = {NY, NX},
                                  .spacing = {1.0 / NY, 1.0 / NX}};
  if (heat_dataset_open(&dataset, &want).code != HEAT_OK) return;
  for (int64_t j = 0; j < NY; j++) heat_dataset_read(dataset, j, 0, NX, row);
  heat_dataset_close(dataset);
}

int main(int argc, char **argv) {
  const long files = argc > 1 ? atol(argv[1]) : 300, seed = argc > 2 ? atol(argv[2]) : 1;
  heat_launch(&argc, &argv);
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  void *nothing = NULL;
  rig made;
  if (enter_place(&nothing) != 0) return 1;
  open_rig(&made, (rig_setting){.deck = deck});
  long whole = 0;
  for (long n = 0; n < files; n++) {
    const heat_state at = {.step = 1, .dt = 0.1};
    heat_h5 out;
    state = ((uint64_t)seed << 32) + (uint64_t)n + 1;
    for (int warm = 0; warm < 8; warm++) number(2);
    unlink(path);
    heat_checkpoint_begin(&out, &(heat_checkpoint_place){.directory = ".", .deck = deck, .parent = ""}, &made.stepper,
                          &at);
    assert_int_equal(heat_checkpoint_end(&out, ".", 1, 1, -1).code, HEAT_OK);
    assert_int_equal(rename("checkpoint-0000000001.h5", path), 0);
    alarm(4 * SECONDS);
    change_structure();
    alarm(SECONDS); /* limit for each file, so that a hang is a crash */
    heat_state before;
    char *text;
    whole += heat_h5_verify(MPI_COMM_WORLD, path, NULL).code == HEAT_OK;
    heat_checkpoint_read_state(MPI_COMM_WORLD, NULL, path, &before, &text);
    free(text);
    heat_checkpoint_read(NULL, path, &made.stepper, false);
    read_as_info_and_compare_do();
    read_as_a_field();
    alarm(0);
  }
  close_rig(&made);
  const int left = leave_place(&nothing);
  printf("%ld files of another structure, %ld taken for whole\n", files, whole);
  MPI_Finalize();
  return left;
}

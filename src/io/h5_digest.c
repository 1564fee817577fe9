#define XXH_INLINE_ALL
#include "heat2d/io/h5_digest.h"

#include "heat2d/base/stall.h"
#include "heat2d/base/tags.h"
#include "heat2d/io/h5_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

const char heat_h5_digest_name[] = "digest";
static const char digest_kind[] = "xxh3-rows:";

uint64_t heat_h5_name_seed(const char *name) {
  return XXH3_64bits(name, strlen(name));
}

uint64_t heat_h5_hash_rows(const double *values, int64_t rows, int64_t width, uint64_t place) {
  uint64_t digest = 0;
  for (int64_t row = 0; row < rows; row++)
    digest += XXH3_64bits_withSeed(values + row * width, (size_t)width * sizeof *values, place + (uint64_t)row);
  return digest;
}

void heat_h5_digest_text(char text[HEAT_H5_DIGEST_TEXT], uint64_t digest) {
  snprintf(text, HEAT_H5_DIGEST_TEXT, "%s%016" PRIx64, digest_kind, digest);
}

static herr_t add_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
  (void)info;
  if (strcmp(name, heat_h5_digest_name) == 0) return 0;
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return -1;
  size_t length = 0;
  void *bytes = heat_h5_attribute_bytes(attribute, &length);
  H5Aclose(attribute);
  if (bytes == NULL) return -1;
  *(uint64_t *)context += XXH3_64bits_withSeed(bytes, length, heat_h5_name_seed(name));
  free(bytes);
  return 0;
}

bool heat_h5_attributes_digest(hid_t file, uint64_t *digest) {
  *digest = 0;
  return H5Aiterate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, add_attribute, digest) >= 0;
}

bool heat_h5_digest_known(const char *digest) {
  return strncmp(digest, digest_kind, strlen(digest_kind)) == 0;
}

/* A rank's share of the digest of a file's datasets: whole rows, or a part of a vector. */
typedef struct verify_job {
  MPI_Comm comm;
  const heat_h5_way *way;
  heat_stall guard; /* of the collective calls */
  int rank, size;
  uint64_t digest;
  heat_status status;
} verify_job;

static bool is_shared(const verify_job *job) {
  return job->way != NULL && job->way->mpio;
}

/* Ranks that have the file open together go on together, or none does. */
static bool goes_on(verify_job *job) {
  if (is_shared(job)) {
    heat_stall_enter(&job->guard, "the agreement of the ranks");
    job->status = heat_agree(job->comm, job->status);
    heat_stall_enter(&job->guard, "HDF5");
  }
  return job->status.code == HEAT_OK;
}

/* `rows->count` rows from `rows->first` on, of which no rank has more than `rows->most`. */
static bool read_rows(hid_t dataset, verify_job *job, const heat_mpio_rows *rows, double *buffer) {
  heat_stall_enter(&job->guard, "H5Dread");
  if (is_shared(job)) return heat_mpio_read(dataset, rows, buffer);
  const hsize_t start[HEAT_H5_DIMENSIONS] = {(hsize_t)rows->first, 0};
  const hsize_t part[HEAT_H5_DIMENSIONS] = {(hsize_t)rows->count, (hsize_t)rows->width};
  return rows->count == 0 || heat_h5_read_part(dataset, rows->dimensions, start, part, buffer);
}

static void hash_dataset(hid_t dataset, const char *name, int64_t rows, int64_t columns, verify_job *job) {
  const int64_t units = rows > 0 ? rows : columns, width = rows > 0 ? columns : 1;
  const int64_t begin = heat_block_start(units, job->size, job->rank);
  const int64_t end = heat_block_start(units, job->size, job->rank + 1), most = (units + job->size - 1) / job->size;
  int64_t strip = HEAT_H5_STRIP_BYTES / (int64_t)sizeof(double) / (width > 0 ? width : 1);
  if (strip > most) strip = most;
  if (strip < 1) strip = 1;
  const size_t bytes = (size_t)strip * (size_t)width * sizeof(double);
  double *buffer = malloc(bytes + 1);
  if (buffer == NULL) job->status = heat_no_memory("reading back", bytes);
  bool good = goes_on(job);
  for (int64_t done = 0; done < most && (good || is_shared(job)) && buffer != NULL; done += strip) {
    const int64_t left = end - begin - done;
    const heat_mpio_rows part = {.dimensions = rows > 0 ? HEAT_H5_DIMENSIONS : 1,
                                 .first = begin + done,
                                 .count = left < 0       ? 0
                                          : left < strip ? left
                                                         : strip,
                                 .width = width,
                                 .most = strip,
                                 .unit = 1,
                                 .bytes = sizeof(double),
                                 .type = H5T_NATIVE_DOUBLE};
    good = read_rows(dataset, job, &part, buffer) && good;
    job->digest += heat_h5_hash_rows(buffer, part.count, width, heat_h5_name_seed(name) + (uint64_t)part.first);
  }
  if (!good && job->status.code == HEAT_OK) job->status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
  free(buffer);
}

static herr_t verify_dataset(hid_t group, const char *name, const H5L_info_t *info, void *context) {
  (void)info;
  verify_job *job = context;
  hid_t dataset;
  int64_t rows, columns;
  job->status = heat_h5_open_dataset(group, name, &dataset, &rows, &columns);
  if (!goes_on(job)) {
    if (dataset >= 0) H5Dclose(dataset);
    return -1;
  }
  hash_dataset(dataset, name, rows, columns, job);
  H5Dclose(dataset);
  return goes_on(job) ? 0 : -1;
}

int heat_h5_share(MPI_Comm comm) {
  int rank, size, leader, sharing;
  MPI_Comm node;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &sharing);
  leader = rank;
  MPI_Bcast(&leader, 1, MPI_INT, 0, node);
  MPI_Comm_free(&node);
  MPI_Bcast(&sharing, 1, MPI_INT, 0, comm);
  /* Which of a few shifts leads to other nodes most often. */
  enum { SHIFTS = 3 };
  const int shifts[SHIFTS] = {1, sharing, size / 2};
  int crossing[SHIFTS] = {0}, best = 0;
  for (int n = 0; n < SHIFTS; n++) {
    const int to = (rank + size - shifts[n] % size) % size, from = (rank + shifts[n]) % size;
    int other = leader;
    MPI_Sendrecv(&leader, 1, MPI_INT, to, HEAT_TAG_NODE, &other, 1, MPI_INT, from, HEAT_TAG_NODE, comm,
                 MPI_STATUS_IGNORE);
    crossing[n] = other != leader;
  }
  MPI_Allreduce(MPI_IN_PLACE, crossing, SHIFTS, MPI_INT, MPI_SUM, comm);
  for (int n = 1; n < SHIFTS; n++)
    if (crossing[n] > crossing[best]) best = n;
  return (rank + shifts[best]) % size;
}

heat_status heat_h5_verify_share(MPI_Comm comm, const char *path, const heat_h5_way *way, int share) {
  verify_job job = {.comm = comm, .way = way, .rank = share};
  MPI_Comm_size(comm, &job.size);
  char *want = NULL;
  uint64_t state = 0;
  hid_t file;
  int own;
  MPI_Comm_rank(comm, &own);
  if (is_shared(&job)) heat_stall_begin(&job.guard, own, path);
  job.status = heat_h5_open_all(&file, comm, path, way);
  if (job.status.code == HEAT_OK) job.status = heat_h5_get_text(file, heat_h5_digest_name, &want);
  if (job.status.code == HEAT_OK && !heat_h5_attributes_digest(file, &state))
    job.status = heat_fail(HEAT_IO, "its attributes cannot be read");
  if (goes_on(&job) && H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, verify_dataset, &job) < 0)
    job.status = heat_first(job.status, heat_fail(HEAT_IO, "its datasets cannot be listed"));
  if (file >= 0) H5Fclose(file);
  heat_stall_end(&job.guard);
  MPI_Allreduce(MPI_IN_PLACE, &job.digest, 1, MPI_UINT64_T, MPI_SUM, comm);
  job.status = heat_agree(comm, job.status);
  char have[HEAT_H5_DIGEST_TEXT];
  heat_h5_digest_text(have, job.digest + state);
  if (job.status.code == HEAT_OK && !heat_h5_digest_known(want))
    job.status = heat_fail(HEAT_IO, "its digest '%.40s' is of a kind that this version does not know", want);
  if (job.status.code == HEAT_OK && strcmp(have, want) != 0)
    job.status = heat_fail(HEAT_IO, "its data do not agree with its digest (%s, computed %s)", want, have);
  free(want);
  heat_status status = heat_agree(comm, job.status);
  if (status.code == HEAT_OK || strstr(status.text, path) != NULL) return status;
  return heat_fail(HEAT_IO, "'%s' is damaged: %.800s", path, status.text);
}

heat_status heat_h5_verify(MPI_Comm comm, const char *path, const heat_h5_way *way) {
  int rank;
  MPI_Comm_rank(comm, &rank);
  return heat_h5_verify_share(comm, path, way, rank);
}

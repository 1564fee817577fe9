#include "heat2d/io/h5_way.h"

#include "heat2d/base/runtime.h"
#include "heat2d/io/h5_verify.h"
#include "heat2d/io/transport_direct.h"
#include "heat2d/io/transport_mpio.h"

#include <assert.h>
#include <stdlib.h>

/* The transport of files that the run waits for, and the one of files behind the steps; NULL: none are. */
static const struct {
  const heat_transport *waited, *behind;
} transports[] = {
    [HEAT_TRANSPORT_AUTO] = {&heat_transport_mpio, &heat_transport_direct},
    [HEAT_TRANSPORT_MPIO] = {&heat_transport_mpio, NULL},
    [HEAT_TRANSPORT_DIRECT] = {&heat_transport_direct, &heat_transport_direct},
};
static_assert(sizeof transports / sizeof *transports == HEAT_TRANSPORTS, "a row for each transport");

heat_h5_way heat_h5_way_of(int transport) {
  return (heat_h5_way){
      .transport = transports[transport].waited, .behind = transports[transport].behind, .hints = MPI_INFO_NULL};
}

heat_h5_way heat_h5_way_create(const heat_config *config) {
  heat_h5_way way = heat_h5_way_of(heat_config_choice(config, "output.transport"));
  if (!way.transport->together) return way;
  way.hints = heat_mpio_hints(config);
  way.record = calloc(1, sizeof *way.record);
  return way;
}

/* Ranks on a node, of the node that has fewest. */
static int ranks_on_node(MPI_Comm comm) {
  int count = heat_node_ranks(comm);
  MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_INT, MPI_MIN, comm);
  return count;
}

heat_status heat_h5_way_thin(heat_h5_way *way, MPI_Comm comm, int apart) {
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  if (apart == 0) apart = size > HEAT_H5_MANY ? ranks_on_node(comm) : 1;
  heat_h5_crew *crew = apart > 1 ? malloc(sizeof *crew) : NULL;
  const bool lacks = apart > 1 && crew == NULL;
  const heat_status status = heat_agree(comm, lacks ? heat_no_memory("files", sizeof *crew) : heat_ok());
  if (status.code != HEAT_OK || crew == NULL) {
    free(crew);
    return status;
  }
  const bool writes = rank % apart == 0;
  *crew = (heat_h5_crew){.apart = apart};
  MPI_Comm_split(comm, writes ? 0 : MPI_UNDEFINED, rank, &crew->writers);
  if (writes) crew->share = heat_h5_share(crew->writers);
  way->crew = crew;
  return status;
}

static void destroy_crew(heat_h5_crew *crew) {
  if (crew == NULL) return;
  if (crew->writers != MPI_COMM_NULL) MPI_Comm_free(&crew->writers);
  free(crew);
}

void heat_h5_way_destroy(heat_h5_way *way) {
  destroy_crew(way->crew);
  if (way->transport != NULL && way->hints != MPI_INFO_NULL) MPI_Info_free(&way->hints);
  free(way->record);
  *way = (heat_h5_way){.hints = MPI_INFO_NULL};
}

heat_h5_way heat_h5_way_behind(const heat_h5_way *way) {
  return (heat_h5_way){.transport = way->behind, .behind = way->behind, .hints = MPI_INFO_NULL, .crew = way->crew};
}

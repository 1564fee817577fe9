# shellcheck shell=bash disable=SC2034 # read by the scripts that source this
# A PBS Pro cluster in the manner of Artemis: a project is required, defaultQ routes to the execution queues, jobs in
# scavenger give way to others and start again, dtq sees the research store and allows no computing.

site_queue=defaultQ
site_express=small-express
site_transfer=dtq
site_modules='gcc openmpi-gcc hdf5-parallel'
site_cores=24
site_memory=120
site_store=${RDS:-} # the research data store of the project: /rds/PRJ-NAME

site_limits() {
  cat <<'END'
defaultQ       504:00:00  288  6000
small-express   12:00:00    4    16
scavenger       48:00:00  288  6000
dtq             240:00:00   2    16
END
}

# shellcheck shell=bash disable=SC2034 # read by the scripts that source this
# A PBS Pro cluster in the manner of Gadi: cores and memory of the whole job instead of select, file systems named by
# -l storage, whole nodes above one node's cores, copyq for transfers.

site_queue=normal
site_express=express
site_transfer=copyq
site_modules='openmpi hdf5'
site_style=plain
site_place=
site_storage=${PROJECT:+scratch/$PROJECT+gdata/$PROJECT}
site_cores=48
site_memory=190
site_store=${PROJECT:+/g/data/$PROJECT/$(id -un)}

site_limits() {
  cat <<'END'
normal   48:00:00  20736  82080
express  24:00:00   3168  12540
copyq    10:00:00      1    190
END
}

# shellcheck shell=bash disable=SC2034 # read by the scripts that source this
# The variables of a site, with values that suit any PBS. A site's own file is read after this one and sets what differs.

site_project=${PROJECT:-}  # qsub -P
site_queue=                # of ordinary jobs; empty: the server's default
site_express=              # of interactive jobs
site_transfer=             # of jobs that copy to the research store; empty: the server's default
site_modules=              # module load, in this order
site_exports=              # further variables that the ranks need
site_style=select          # select: -l select=N:ncpus=..; plain: -l ncpus=.. -l mem=..
site_place=scatter         # -l place=; empty: not given
site_storage=              # -l storage=
site_cores=0               # of a node; 0: not known
site_memory=0              # of a node, GiB that jobs can have; 0: not known
site_walltime=01:00:00     # asked for when nobody says
site_store=                # where stage-out copies to when nobody says: HOST:/PATH or /PATH

# The limits of queues, one line each: name, longest walltime, most cores, most GiB of a job; - where there is none or
# it is not known. What this does not know is asked of `qstat -Qf`.
site_limits() {
  :
}

/* For sanitized builds: restricts the search for leaks to memory of heat2d.
 *
 * Memory that MPI allocates while it starts and ends is ignored, by means of the profiling interface of MPI (MPI 3.1,
 * chapter 14). Threads of MPI keep memory from asprintf, which heat2d does not use; its two names below are those in
 * libraries compiled with _FORTIFY_SOURCE. No library is unloaded before leaks are reported, because the suppressions
 * in leaks.supp match the names of libraries.
 *
 * The sanitizers are told to ignore the thread-local variables of libraries that are opened at run time. They guess the
 * version of the loader from the address (gcc up to 13, clang up to 16), which is wrong for a block that begins 16
 * bytes after the start of a page, and then the search for leaks crashes (github.com/google/sanitizers, issue 1322).
 * Memory to which these variables point is still found, because everything that the loader has allocated counts as in
 * use. */
#include <mpi.h>

#include <sanitizer/lsan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *__asan_default_options(void);
int dlclose(void *handle);
int __vasprintf_chk(char **text, int flag, const char *format, va_list list);
int __asprintf_chk(char **text, int flag, const char *format, ...);

const char *__asan_default_options(void) {
  return "intercept_tls_get_addr=0:allocator_may_return_null=1"; /* an allocation may fail, as without sanitizers */
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) {
  __lsan_disable();
  const int result = PMPI_Init_thread(argc, argv, required, provided);
  __lsan_enable();
  return result;
}

int MPI_Finalize(void) {
  __lsan_disable();
  const int result = PMPI_Finalize();
  __lsan_enable();
  return result;
}

int dlclose(void *handle) {
  (void)handle;
  return 0;
}

int __vasprintf_chk(char **text, int flag, const char *format, va_list list) {
  (void)flag;
  va_list again;
  va_copy(again, list);
  const int length = vsnprintf(NULL, 0, format, list);
  __lsan_disable();
  *text = length < 0 ? NULL : malloc((size_t)length + 1);
  __lsan_enable();
  const int written = *text == NULL ? -1 : vsnprintf(*text, (size_t)length + 1, format, again);
  va_end(again);
  return written;
}

int __asprintf_chk(char **text, int flag, const char *format, ...) {
  va_list list;
  va_start(list, format);
  const int written = __vasprintf_chk(text, flag, format, list);
  va_end(list);
  return written;
}

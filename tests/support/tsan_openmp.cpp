// Tells ThreadSanitizer when OpenMP's threads begin and end a piece of work: libgomp is not compiled for it, so what
// the threads then wait for each other by cannot be seen, and all they do would look like a race. The linker turns
// calls of GOMP_parallel, which run_on_threads() compiles to, to here.
#include <sanitizer/tsan_interface.h>

extern "C" void __real_GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags);

namespace {

struct Region {
  void (*work)(void*);
  void* data;
};

void run(void* address) {
  __tsan_acquire(address);
  const auto* region = static_cast<const Region*>(address);
  region->work(region->data);
  __tsan_release(address);
}

}  // namespace

extern "C" void __wrap_GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags) {
  Region region{work, data};
  __tsan_release(&region);
  __real_GOMP_parallel(run, &region, threads, flags);
  __tsan_acquire(&region);
}

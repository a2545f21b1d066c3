#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

// A disk on which every flush takes long, for a program that is started with this in LD_PRELOAD:
// ASSAY_BENCH_FLUSH_MS says how long. What calls do in the meantime shows whether commits are on
// their path. How many there were is printed on stderr at the end.

namespace {

using Flush = int (*)(int);

struct Count {
    std::atomic<long> flushes{0};
    ~Count() { (void)std::fprintf(stderr, "flushes %ld\n", flushes.load()); }
};
Count count;

void wait_for_the_disk() {
    const char* const text = std::getenv("ASSAY_BENCH_FLUSH_MS");
    const long milliseconds = text == nullptr ? 0 : std::strtol(text, nullptr, 10);
    timespec left{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
    while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
    }
}

int flush_slowly(const char* name, int descriptor) {
    ++count.flushes;
    wait_for_the_disk();
    const auto flush = reinterpret_cast<Flush>(::dlsym(RTLD_NEXT, name));
    return flush(descriptor);
}

}  // namespace

extern "C" int fsync(int descriptor) { return flush_slowly("fsync", descriptor); }
extern "C" int fdatasync(int descriptor) { return flush_slowly("fdatasync", descriptor); }

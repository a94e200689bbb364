// Registers one benchmark, and tells who waits how far the run is.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <utility>

namespace baton::bench {

// Counts a call of a benchmark's function; the library calls it for every repetition, and before the first a
// few times more.
void show_progress();

// `run` measures its own time (SetIterationTime) and counts what it has done (SetItemsProcessed).
template <class Run>
benchmark::internal::Benchmark* add(const std::string& suite, const std::string& test,
                                    const std::string& subject, Run run) {
  const std::string name = suite + "/" + test + "/" + subject;
  return benchmark::RegisterBenchmark(name.c_str(),
                                      [run = std::move(run)](benchmark::State& state) {
                                        show_progress();
                                        run(state);
                                      })
      ->UseManualTime();
}

}  // namespace baton::bench

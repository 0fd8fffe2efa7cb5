#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "comm/communicator.h"
#include "data/manifest.h"
#include "data/sample_source.h"

namespace fer {

struct DatasetWriterConfig {
  std::filesystem::path out;
  std::string name;
  std::int64_t shards = 8;        // per split; fewer where a split has fewer rows
  int threads = 1;                // per rank
  bool skip_bad_samples = false;  // leave out what the source cannot read, and list it, instead of failing
};

/// Writes `source` as sharded HDF5 under `out`. Shards are dealt to ranks and threads; their bytes depend on neither.
/// dataset.json comes last and alone makes the folder a dataset. Collective; rank 0 writes dataset.json.
/// @param progress  called with the number of samples this rank has written, one call at a time.
/// @throws AgreedError on every rank: kUsage if `out` holds a dataset, kIo, or what `source` throws.
Manifest write_dataset(Communicator& communicator, const SampleSource& source, const DatasetWriterConfig& config,
                       const std::function<void(std::int64_t)>& progress);

}  // namespace fer

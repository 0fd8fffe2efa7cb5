#pragma once

#include <string>
#include <vector>

#include "cli/option_parser.h"

namespace fer {

/// The sources that --config and --recipe on the command line lead to, strongest first, for one phase of training.
class OptionSources {
 public:
  /// @param phase  counted from 1; 0: of the run as a whole
  /// @throws Error (kUsage) naming file and key, also for a key that a phase may not change, or two batch sizes in one
  /// source.
  OptionSources(const OptionTable& table, const po::parsed_options& command_line, std::size_t phase);

  std::size_t phases() const { return phases_; }
  po::variables_map merged() const { return table_.merge(sources_); }

 private:
  std::string text(const std::string& key) const { return merged()[key].as<std::string>(); }
  void add(const po::parsed_options& source, const std::string& where);
  void add_file(const std::filesystem::path& file);
  void cap_epochs();
  void settle_batch_size();

  const OptionTable& table_;
  std::size_t phase_;
  std::size_t phases_ = 0;
  std::vector<po::parsed_options> sources_;
  std::vector<std::string> where_;
};

}  // namespace fer

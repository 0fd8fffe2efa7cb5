#pragma once

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/help_ending.h"

namespace fer {

namespace po = boost::program_options;

/// What an INI file says for all of a run, and ahead of that for each of its phases, `[phase.1]`, `[phase.2]` ...
struct IniFile {
  po::parsed_options all;
  std::vector<po::parsed_options> phases;
};

/// The options of one command: the table that parses is the table that --help prints.
class OptionTable {
 public:
  /// @param usage  the first lines of --help.
  explicit OptionTable(std::string usage) : usage_(std::move(usage)) {}
  OptionTable(OptionTable&&) = default;

  /// What --help says behind the options.
  void end_help_with(const HelpEnding& ending) { ending_ = to_text(ending); }
  /// Adds a group of options, shown under its caption.
  po::options_description_easy_init add_group(const std::string& caption);
  /// An option whose name may be left out: the next argument without a dash is its value, or for the last such option
  /// all that follow, if `many`.
  void add_positional(const std::string& name, bool many = false) { positionals_.push_back({name, many ? -1 : 1}); }

  /// @throws Error (kUsage) naming the option, and for an unknown one the closest known.
  po::parsed_options parse_command_line(int argc, const char* const* argv) const;
  /// Reads an INI file of the same option names. @throws Error (kUsage) naming file and key.
  IniFile parse_ini(const std::filesystem::path& file) const;
  /// Merges sources, the strongest first, and checks the values.
  po::variables_map merge(const std::vector<po::parsed_options>& sources) const;

  /// The caption of the group that an option is in; empty for an unknown one.
  std::string group_of(const std::string& name) const;
  std::string help() const;
  /// The answer to --help or --version; empty if neither was asked.
  std::string text_asked_for(const po::parsed_options& command_line, const std::string& command) const;
  /// The values as an INI file, in the order of --help, but for the keys in `except`.
  std::string ini(const po::variables_map& values, const std::vector<std::string>& except) const;

 private:
  const po::options_description& all_options() const;
  po::parsed_options parse_section(const std::string& text, const std::filesystem::path& file) const;
  void refuse_strays(const po::parsed_options& parsed) const;
  std::string unknown_option(const std::string& name, const std::string& where) const;

  std::string usage_;
  std::string ending_;
  std::vector<std::string> captions_;
  std::vector<std::unique_ptr<po::options_description>> groups_;
  std::vector<std::pair<std::string, int>> positionals_;  // and how many values each takes
  mutable std::unique_ptr<po::options_description> all_;  // parsed options keep a pointer to it
};

/// An option that shows its default in --help and writes into `value`.
template <class T>
po::typed_value<T>* setting(T& value, const char* value_name) {
  return po::value<T>(&value)->default_value(value, fmt::format("{}", value))->value_name(value_name);
}

/// `key = value` and an end of line. @throws Error (kUsage) for a value that an INI file cannot hold.
std::string ini_line(const std::string& key, const std::string& value);

/// @throws Error (kUsage) naming the option, its value and the allowed ones.
void require_one_of(const std::string& option, const std::string& value, const std::vector<std::string>& allowed);

template <class T>
void require_at_least(const std::string& option, T value, T least) {
  require(value >= least, ExitCode::kUsage, fmt::format("--{} is {}, but must be at least {}.", option, value, least));
}

/// Whether a source names an option, as against leaving its default.
bool names(const po::parsed_options& source, const std::string& key);

/// Adds --help, --version and --quiet, which every command has.
void add_general_group(OptionTable& table, bool& quiet);

}  // namespace fer

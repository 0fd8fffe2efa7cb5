// Reads INI files of options with phases, as recipes are; what they come to is written as an INI file and read again.
#include "cli/build_info.h"
#include "cli/option_parser.h"
#include "fuzz/fuzzing.h"

namespace fer {

/// In place of build_info.cpp, which asks every library for its version.
std::string version_text(const std::string& /*command*/) {
  return {};
}

}  // namespace fer

namespace {

using namespace fer;

/// An option of each type.
struct Options {
  std::string text = "words";
  bool flag = false;
  double rate = 0.5;
  int count = 1;
  std::int64_t samples = 2;
  std::uint64_t seed = 3;
};

OptionTable table_of(Options& options) {
  OptionTable table("");
  table.add_group("All")("text", setting(options.text, "TEXT"), "")("flag", po::bool_switch(&options.flag), "")(
      "rate", setting(options.rate, "R"), "")("count", setting(options.count, "N"), "")(
      "samples", setting(options.samples, "N"), "")("seed", setting(options.seed, "N"), "");
  return table;
}

std::string options_in(const std::filesystem::path& file) {
  Options options;
  const auto table = table_of(options);
  const auto ini = table.parse_ini(file);
  for (const auto& phase : ini.phases) table.merge({phase, ini.all});
  return table.ini(table.merge({ini.all}), {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  write_text(folder / "recipe.ini", text_of(data, size));
  std::string options;
  if (!is_read([&] { options = options_in(folder / "recipe.ini"); })) return 0;
  write_text(folder / "config.ini", options);
  require(options_in(folder / "config.ini") == options, "written, they are others");
  return 0;
}

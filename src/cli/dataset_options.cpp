#include "cli/dataset_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/build_info.h"
#include "cli/option_parser.h"

namespace fer {
namespace {

constexpr const char* kUsage =
    "Makes and checks datasets of sharded HDF5 files.\n\n"
    "  fer_dataset import SOURCE --out DIR     from a CSV file, a folder of CSV files, or a tree of pictures\n"
    "  fer_dataset synth --out DIR             draws faces: a demonstration dataset\n"
    "  fer_dataset inspect DIR                 says what a dataset holds\n"
    "  fer_dataset verify DIR                  re-reads every byte against the digests\n";

const std::vector<std::string> kVerbs = {"import", "synth", "inspect", "verify"};

void check(const DatasetOptions& options) {
  require(!options.verb.empty(), ExitCode::kUsage, fmt::format("say what to do: one of {}.", join(kVerbs)));
  require(std::ranges::find(kVerbs, options.verb) != kVerbs.end(), ExitCode::kUsage,
          fmt::format("unknown command '{}'; did you mean '{}'?", options.verb, closest_name(options.verb, kVerbs)));
  const bool makes = options.verb == "import" || options.verb == "synth";
  require(!makes || !options.out.empty(), ExitCode::kUsage, fmt::format("{} needs --out DIR.", options.verb));
  require(options.verb == "synth" || !options.folder.empty(), ExitCode::kUsage,
          fmt::format("{} needs a folder to look at.", options.verb));
  require_at_least<std::int64_t>("shards", options.shards, 1);
  require_at_least<std::int64_t>("train", options.synthesis.train, 1);
  require_at_least<std::int64_t>("validation", options.synthesis.validation, 0);
  require_at_least<std::int64_t>("test", options.synthesis.test, 0);
  require_at_least<std::int64_t>("expect-rows", options.expect_rows, 0);
  require_at_least<std::int64_t>("size", options.size, 0);
  require_at_least("threads", options.threads, 0);
}

}  // namespace

DatasetOptions parse_dataset_options(int argc, const char* const* argv) {
  DatasetOptions options;
  std::string classes, on_error = "fail";
  OptionTable table(kUsage);
  add_general_group(table, options.quiet);
  // A table, in columns of its own.
  // clang-format off
  table.add_group("What to do")
      ("command", setting(options.verb, "VERB"), ("one of " + join(kVerbs)).c_str())
      ("folder", setting(options.folder, "DIR"), "the source of import; the dataset of inspect and verify");
  table.add_positional("command");
  table.add_positional("folder");
  table.add_group("import and synth")
      ("out", setting(options.out, "DIR"), "folder for the dataset")
      ("shards", setting(options.shards, "N"), "HDF5 files per split")
      ("threads", setting(options.threads, "N"), "threads per rank; 0: cores / ranks on this host");
  table.add_group("import")
      ("classes", setting(classes, "LIST"), "class names in label order, as in angry,happy,neutral")
      ("size", setting(options.size, "PIXELS"), "bring pictures of image files to this height and width; 0: as they are")
      ("on-error", setting(on_error, "fail|skip"), "what to do with a row or picture that cannot be read; skip lists it")
      ("expect-rows", setting(options.expect_rows, "N"), "refuse a source with another number of rows; 0: any");
  table.add_group("synth")
      ("train", setting(options.synthesis.train, "N"), "faces of the train split")
      ("validation", setting(options.synthesis.validation, "N"), "faces of the validation split")
      ("test", setting(options.synthesis.test, "N"), "faces of the test split")
      ("seed", setting(options.synthesis.seed, "S"), "the same seed draws the same faces");
  // clang-format on
  const auto command_line = table.parse_command_line(argc, argv);
  options.text_to_print = table.text_asked_for(command_line, "fer_dataset");
  if (!options.text_to_print.empty()) return options;
  table.merge({command_line});
  check(options);
  require_one_of("on-error", on_error, {"fail", "skip"});
  options.skip_bad_samples = on_error == "skip";
  options.classes = split_text(classes, ',');
  return options;
}

}  // namespace fer

#include "cli/dataset_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "cli/build_info.h"
#include "cli/option_parser.h"
#include "data/import/image_file.h"

namespace fer {
namespace {

constexpr const char* kUsage =
    "Makes and checks datasets of sharded HDF5 files.\n\n"
    "  fer_dataset import SOURCE... --out DIR  from a CSV file, a folder of such, or a tree of pictures\n"
    "  fer_dataset synth --out DIR             draws faces: a demonstration dataset\n"
    "  fer_dataset split DIR --out DIR         deals the samples of a dataset anew\n"
    "  fer_dataset inspect DIR                 says what a dataset holds\n"
    "  fer_dataset verify DIR                  re-reads every byte against the digests\n"
    "  fer_dataset export DIR --out FILE.csv   writes a CSV file, if need be with changed copies\n";

const std::vector<std::string> kVerbs = {"import", "synth", "split", "inspect", "verify", "export"};

/// Of what is written, by option: those that do not write it.
const std::map<std::string, std::vector<std::string>> kUnused = {{"out", {"inspect", "verify"}},
                                                                 {"seed", {"import", "inspect", "verify"}},
                                                                 {"shards", {"inspect", "verify", "export"}}};

void check(const DatasetOptions& options) {
  require(!options.verb.empty(), ExitCode::kUsage, fmt::format("say what to do: one of {}.", join(kVerbs)));
  require(std::ranges::find(kVerbs, options.verb) != kVerbs.end(), ExitCode::kUsage,
          fmt::format("unknown command '{}'; did you mean '{}'?", options.verb, closest_name(options.verb, kVerbs)));
  const bool writes = options.verb != "inspect" && options.verb != "verify";
  require(!writes || !options.out.empty(), ExitCode::kUsage, fmt::format("{} needs --out.", options.verb));
  const auto sources = options.imported.paths.size();
  require(options.verb == "synth" || sources > 0, ExitCode::kUsage,
          fmt::format("{} needs a folder to look at.", options.verb));
  require(options.verb == "import" || sources == (options.verb == "synth" ? 0 : 1), ExitCode::kUsage,
          fmt::format("{} takes {}, not {}.", options.verb, options.verb == "synth" ? "no source" : "one folder",
                      join(options.imported.paths, " and ")));
  require_at_least<std::int64_t>("shards", options.shards, 1);
  require_at_least<std::int64_t>("train", options.synthesis.train, 1);
  require_at_least<std::int64_t>("validation", options.synthesis.validation, 0);
  require_at_least<std::int64_t>("test", options.synthesis.test, 0);
  require_at_least<std::int64_t>("expect-rows", options.expect_rows, 0);
  require_at_least<std::int64_t>("size", options.imported.size, 0);
  require(options.imported.size <= kLongestImageSide, ExitCode::kUsage,
          fmt::format("--size is {}, but must be at most {}.", options.imported.size, kLongestImageSide));
  require_at_least("threads", options.threads, 0);
}

/// An option of one command does nothing for another.
void refuse_others_options(const OptionTable& table, const po::parsed_options& command_line, const std::string& verb) {
  for (const auto& option : command_line.options) {
    const auto group = table.group_of(option.string_key);
    require(group == verb || std::ranges::find(kVerbs, group) == kVerbs.end(), ExitCode::kUsage,
            fmt::format("--{} is for {}, not for {}.", option.string_key, group, verb));
    const auto unused = kUnused.find(option.string_key);
    require(unused == kUnused.end() || std::ranges::find(unused->second, verb) == unused->second.end(),
            ExitCode::kUsage, fmt::format("--{} does nothing for {}.", option.string_key, verb));
  }
  require(!names(command_line, "folds") || !names(command_line, "fractions"), ExitCode::kUsage,
          "--folds and --fractions are two ways to deal samples: give one.");
}

std::vector<std::string> class_names(const std::string& list) {
  const auto names = split_text(list, ',');
  for (auto name = names.begin(); name != names.end(); ++name) {
    require(!name->empty(), ExitCode::kUsage, fmt::format("--classes is '{}', in which a name is empty.", list));
    require(std::find(names.begin(), name, *name) == name, ExitCode::kUsage,
            fmt::format("--classes names '{}' twice.", *name));
  }
  return names;
}

std::vector<double> numbers(const std::string& option, const std::string& list) {
  std::vector<double> values;
  for (const auto& part : split_text(list, ',')) {
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    require(error == std::errc{} && end == part.data() + part.size(), ExitCode::kUsage,
            fmt::format("--{} is '{}', but must be numbers with commas between.", option, list));
    values.push_back(value);
  }
  return values;
}

}  // namespace

DatasetOptions parse_dataset_options(int argc, const char* const* argv) {
  DatasetOptions options;
  std::string classes, votes = "majority", on_error = "fail", fractions = "80,10,10", augment = "none";
  std::int64_t seed = 1;
  OptionTable table(kUsage);
  add_general_group(table, options.quiet);
  // A table, in columns of its own.
  // clang-format off
  table.add_group("What to do")
      ("command", setting(options.verb, "VERB"), ("one of " + join(kVerbs)).c_str())
      ("source", po::value(&options.imported.paths)->value_name("PATH")->default_value({}, ""),
       "what import reads, one or several; the dataset of the others");
  table.add_positional("command");
  table.add_positional("source", /*many=*/true);
  table.add_group("What is written")
      ("out", setting(options.out, "DIR"), "folder for the dataset; for export a file")
      ("seed", setting(seed, "S"), "the same seed draws the same faces, splits and changes")
      ("shards", setting(options.shards, "N"), "HDF5 files per split")
      ("threads", setting(options.threads, "N"), "threads per rank; 0: cores / ranks on this host");
  table.add_group("import")
      ("classes", setting(classes, "LIST"), "class names in label order, as in angry,happy,neutral")
      ("size", setting(options.imported.size, "PIXELS"), "bring pictures to this height and width, antialiased; 0: as they are")
      ("votes", setting(votes, "majority|soft"),
       "what FER+ labels (fer2013new.csv, named after fer2013.csv) are taken for: one class, or each class's share")
      ("on-error", setting(on_error, "fail|skip"), "what to do with a row or picture that cannot be read; skip lists it")
      ("expect-rows", setting(options.expect_rows, "N"), "refuse a source with another number of rows; 0: any");
  table.add_group("synth")
      ("train", setting(options.synthesis.train, "N"), "faces of the train split")
      ("validation", setting(options.synthesis.validation, "N"), "faces of the validation split")
      ("test", setting(options.synthesis.test, "N"), "faces of the test split");
  table.add_group("split")
      ("fractions", setting(fractions, "LIST"), "shares of train and test, or of train, validation and test; beside a test without labels, which stays, two: of "
       "train and validation")
      ("folds", setting(options.resplit.folds, "K"), "instead: K parts, one of which is validation; 0: none")
      ("fold", setting(options.resplit.fold, "I"), "which one, from 1")
      ("ignore-duplicates", po::bool_switch(&options.resplit.ignore_duplicates),
       "let equal pictures fall on two sides; else they, and nearly equal ones found by inspect --near, stay together");
  table.add_group("inspect")
      ("gallery", setting(options.gallery, "FILE"), "draw samples of each class: FILE.html or FILE.png")
      ("near", po::bool_switch(&options.near), "look for nearly equal pictures; keeps them beside dataset.json");
  table.add_group("export")
      ("augment", setting(augment, "SPEC"), "change the train split's pictures, as in flip,rotate=10")
      ("copies", setting(options.exported.copies, "N"), "of each picture of the train split");
  // clang-format on
  table.end_help_with(
      {{ExitCode::kOk, ExitCode::kUsage, ExitCode::kBadInput, ExitCode::kInternal, ExitCode::kIo, ExitCode::kPeer},
       {threads_variable(), {"COLUMNS", "columns of the live line, where the terminal does not say"}},
       {"fer_dataset synth --out datasets/demo", "fer_dataset import photos --size 48 --out datasets/photos",
        "mpirun -np 4 fer_dataset import fer2013.csv --out datasets/fer2013"}});
  const auto command_line = table.parse_command_line(argc, argv);
  options.text_to_print = table.text_asked_for(command_line, "fer_dataset");
  if (!options.text_to_print.empty()) return options;
  table.merge({command_line});
  check(options);
  refuse_others_options(table, command_line, options.verb);
  require_one_of("votes", votes, {"majority", "soft"});
  options.imported.vote_rule = votes == "soft" ? VoteRule::kSoft : VoteRule::kMajority;
  require_one_of("on-error", on_error, {"fail", "skip"});
  require_at_least<std::int64_t>("seed", seed, 0);
  require_at_least<std::int64_t>("copies", options.exported.copies, 1);
  require_at_least("folds", options.resplit.folds, 0);
  require(options.resplit.fold == 0 || options.resplit.folds > 0, ExitCode::kUsage,
          "--fold says which of --folds parts is validation: give --folds too.");
  options.synthesis.seed = options.resplit.seed = options.exported.seed = static_cast<std::uint64_t>(seed);
  options.resplit.fractions = numbers("fractions", fractions);
  options.exported.augmentation = parse_augmentation(augment);
  options.skip_bad_samples = on_error == "skip";
  options.imported.classes = class_names(classes);
  return options;
}

}  // namespace fer

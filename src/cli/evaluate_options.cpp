#include "cli/evaluate_options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "cli/build_info.h"
#include "cli/option_parser.h"
#include "data/augmentation.h"

namespace fer {
namespace {

double parse_weight(const std::string& text) {
  double weight = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), weight);
  require(status == std::errc() && stop == text.data() + text.size() && weight > 0 && std::isfinite(weight),
          ExitCode::kUsage, fmt::format("--weights has '{}', where a positive number should be.", text));
  return weight;
}

/// Without a text every checkpoint weighs the same.
std::vector<double> parse_weights(const std::string& text, std::size_t checkpoints) {
  if (text.empty()) return std::vector<double>(checkpoints, 1.0);
  std::vector<double> weights;
  for (const auto& part : split_text(text, ',')) weights.push_back(parse_weight(part));
  require(weights.size() == checkpoints, ExitCode::kUsage,
          fmt::format("--weights tells {} numbers for {} checkpoints.", weights.size(), checkpoints));
  return weights;
}

void check_scoring(const EvaluateOptions& options) {
  require(!options.checkpoints.empty() && !options.dataset.empty(), ExitCode::kUsage,
          "what shall be scored? Give --checkpoint FILE and --dataset DIR, or --compare RUN RUN... for runs that have "
          "been scored.");
  require(options.sample_submission.empty() || !options.submission.empty(), ExitCode::kUsage,
          "--sample-submission goes with --submission FILE, the file to be written.");
}

void check_comparison(const EvaluateOptions& options, const po::parsed_options& command_line) {
  require(options.to_compare.size() > 1, ExitCode::kUsage, "--compare wants two runs or more.");
  for (const auto& option : command_line.options)
    require(
        option.string_key == "compare" || option.string_key == "out" || option.string_key == "quiet", ExitCode::kUsage,
        fmt::format("--compare goes with --out alone, not with --{}: it reads what runs and earlier evaluations left.",
                    option.string_key));
}

}  // namespace

EvaluateOptions parse_evaluate_options(int argc, const char* const* argv) {
  EvaluateOptions options;
  std::string average = "softmax", weights;
  OptionTable table(
      "Scores a checkpoint, or several as an ensemble, on a split; writes metrics.json, predictions.csv\n"
      "and, with --report, report.html. Or puts runs side by side, into comparison.html.\n\n"
      "  fer_evaluate --checkpoint FILE [--checkpoint FILE]... --dataset DIR --split NAME --out DIR\n"
      "  fer_evaluate --compare RUN RUN... --out DIR\n\n"
      "The figures are the same to the last digit for every number of ranks and threads.\n");
  add_general_group(table, options.quiet);
  // A table, in columns of its own.
  // clang-format off
  table.add_group("Evaluation")
      ("checkpoint", po::value(&options.checkpoints)->value_name("FILE"),
       "a run's checkpoints/*.safetensors; given several times, their answers are averaged")
      ("dataset", setting(options.dataset, "DIR"), "dataset folder; samples of classes that the net does not know are left out, and pictures of another size are "
       "brought to the one that it learned from")
      ("split", setting(options.split, "NAME"), "split to score; the default is test, else private_test")
      ("out", po::value(&options.out)->required()->value_name("DIR"), "folder for the results")
      ("views", setting(options.views, "none|flip|shift|five|ten"), "average the answers to several views of a picture")
      ("average", setting(average, "softmax|logits"), "what is averaged, over views and over checkpoints")
      ("weights", setting(weights, "LIST"), "of the checkpoints in that average, as in 2,1,1; the default is equal ones")
      ("report", po::bool_switch(&options.report), "write report.html too: figures, confusion, faces, and of a single checkpoint what spoke for its answers")
      ("submission", setting(options.submission, "FILE"), "write a Kaggle submission too")
      ("sample-submission", setting(options.sample_submission, "FILE"),
       "the competition's own sample: the submission takes its header, and must have its rows and ids, in its order")
      ("device", setting(options.device, "auto|cpu|cuda"), "auto: the GPU of this rank if there is one")
      ("threads", setting(options.threads, "N"), "threads per rank; 0: cores / ranks on this host");
  table.add_group("Comparison")
      ("compare", po::value(&options.to_compare)->multitoken()->value_name("RUN"),
       "folders of runs, or of what this command left of them: curves side by side, scores, and whether they differ (McNemar)");
  // clang-format on
  table.end_help_with(
      {{ExitCode::kOk, ExitCode::kUsage, ExitCode::kBadInput, ExitCode::kInternal, ExitCode::kIo, ExitCode::kPeer},
       {threads_variable()},
       {"fer_evaluate --checkpoint runs/a/checkpoints/best.safetensors --dataset datasets/a --out scores",
        "fer_evaluate --compare runs/a runs/b --out runs/compared"}});
  const auto command_line = table.parse_command_line(argc, argv);
  options.text_to_print = table.text_asked_for(command_line, "fer_evaluate");
  if (!options.text_to_print.empty()) return options;
  table.merge({command_line});
  require_one_of("device", options.device, {"auto", "cpu", "cuda"});
  parse_test_views(options.views);
  options.averaging = parse_averaging(average);
  options.to_compare.empty() ? check_scoring(options) : check_comparison(options, command_line);
  options.weights = parse_weights(weights, options.checkpoints.size());
  require_at_least("threads", options.threads, 0);
  return options;
}

}  // namespace fer

#include "cli/evaluate_options.h"

#include "cli/build_info.h"
#include "cli/option_parser.h"
#include "data/augmentation.h"

namespace fer {

EvaluateOptions parse_evaluate_options(int argc, const char* const* argv) {
  EvaluateOptions options;
  OptionTable table(
      "Scores a checkpoint on a split; writes metrics.json and predictions.csv.\n\n"
      "  fer_evaluate --checkpoint FILE --dataset DIR --split NAME --out DIR\n\n"
      "The figures are the same to the last digit for every number of ranks and threads.\n");
  add_general_group(table, options.quiet);
  // A table, in columns of its own.
  // clang-format off
  table.add_group("Evaluation")
      ("checkpoint", po::value(&options.checkpoint)->required()->value_name("FILE"), "a run's checkpoints/*.safetensors")
      ("dataset", po::value(&options.dataset)->required()->value_name("DIR"), "dataset folder with the same classes")
      ("split", setting(options.split, "NAME"), "split to score")
      ("out", po::value(&options.out)->required()->value_name("DIR"), "folder for the results")
      ("views", setting(options.views, "none|flip|shift|five|ten"), "average the answers to several views of a picture")
      ("submission", setting(options.submission, "FILE"), "write a Kaggle submission too")
      ("device", setting(options.device, "auto|cpu|cuda"), "auto: the GPU of this rank if there is one")
      ("threads", setting(options.threads, "N"), "threads per rank; 0: cores / ranks on this host");
  // clang-format on
  const auto command_line = table.parse_command_line(argc, argv);
  options.text_to_print = table.text_asked_for(command_line, "fer_evaluate");
  if (!options.text_to_print.empty()) return options;
  table.merge({command_line});
  require_one_of("device", options.device, {"auto", "cpu", "cuda"});
  parse_test_views(options.views);
  require_at_least("threads", options.threads, 0);
  return options;
}

}  // namespace fer

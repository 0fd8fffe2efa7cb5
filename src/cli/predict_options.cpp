#include "cli/predict_options.h"

#include <fmt/format.h>

#include "cli/build_info.h"
#include "cli/option_parser.h"
#include "data/augmentation.h"

namespace fer {
namespace {

void check_pictures(const PredictOptions& options, const po::parsed_options& command_line) {
  require(!options.checkpoint.empty() && !options.paths.empty(), ExitCode::kUsage,
          "what shall be labelled? Give --checkpoint FILE and pictures, folders of them, or - for a list of files on "
          "standard input.");
  require(options.model.name.empty() && options.init_from.empty(), ExitCode::kUsage,
          "--model and --init-from go with --tensors; pictures are labelled by a --checkpoint, which knows its net.");
  for (const char* of_tensors : {"head", "stages", "input-size"})
    require(!names(command_line, of_tensors), ExitCode::kUsage,
            fmt::format("--{} goes with --tensors; a --checkpoint knows its net.", of_tensors));
  require(options.explain.empty() || options.explain.ends_with(".png"), ExitCode::kUsage,
          fmt::format("--explain writes a picture; '{}' must end in .png.", options.explain));
}

void check_tensors(const PredictOptions& options, const po::parsed_options& command_line) {
  require(!options.model.name.empty() && !options.init_from.empty() && !options.out.empty(), ExitCode::kUsage,
          "--tensors goes with --model NAME, --init-from FILE and --out FILE.");
  for (const char* of_pictures : {"checkpoint", "path", "format", "views", "explain"})
    require(!names(command_line, of_pictures), ExitCode::kUsage,
            "--tensors goes without --checkpoint, pictures, --format, --views and --explain.");
}

}  // namespace

PredictOptions parse_predict_options(int argc, const char* const* argv) {
  PredictOptions options;
  options.model.name = "";
  OptionTable table(
      "Labels pictures of faces by a trained net.\n\n"
      "  fer_predict --checkpoint FILE PATH...          files, folders, patterns; -: list on standard input\n"
      "  fer_predict --model NAME --init-from FILE --tensors IN --out OUT\n\n"
      "Pictures are JPEG or PNG files of any size, gray or in colours; each is stretched to the size that\n"
      "the net was trained on, so it should show a face and little else. Those that cannot be read are\n"
      "named, the others labelled, and the exit code is 65 then. A pattern, such as 'faces/*.png', stands\n"
      "for the files and folders that it fits.\n");
  add_general_group(table, options.quiet);
  // A table, in columns of its own.
  // clang-format off
  table.add_group("Pictures")
      ("checkpoint", setting(options.checkpoint, "FILE"), "a run's checkpoints/*.safetensors")
      ("path", po::value(&options.paths)->value_name("PATH"), "what to label: files, folders, patterns with *, ? or [ in them, or - for a list of these on standard input")
      ("format", setting(options.format, "table|csv|json"), "csv: file,label,p_<class>...")
      ("views", setting(options.views, "none|flip|shift|five|ten"), "average the answers to several views of a picture")
      ("explain", setting(options.explain, "FILE.png"),
       "draw what spoke for each answer, of 64 pictures at most: a row for each, in the order of the answers, shows the\n"
       "picture, the places that spoke for it in the net's last convolution (Grad-CAM), and how much each pixel mattered\n"
       "(gradient)");
  table.add_group("Tensors, to hold a net against another framework's")
      ("model", setting(options.model.name, "NAME"), "the net")
      ("head", setting(options.model.head, "PARTS"), "its head, as of fer_dist_train")
      ("input-size", setting(options.model.input_size, "PIXELS"), "of --tensors: the side of its pictures, where a net's weights are for one size")
      ("stages", setting(options.model.stages, "LIST"), "its stages, as of fer_dist_train")
      ("init-from", setting(options.init_from, "FILE"), "safetensors file of its weights, which tells the number of classes")
      ("tensors", setting(options.tensors, "FILE"),
       "safetensors file with `input`, float32, as the layers take it: [N, 3, H, W] normalised of nets for photographs,\n"
       "else [N, 1, H, W] in [0, 1]; --out gets `logits`, [N, classes]");
  table.add_group("Both")
      ("out", setting(options.out, "FILE"), "write there instead of to standard output")
      ("device", setting(options.device, "auto|cpu|cuda"), "auto: a GPU if there is one")
      ("threads", setting(options.threads, "N"), "threads; 0: all cores");
  // clang-format on
  table.add_positional("path", /*many=*/true);
  table.end_help_with({{ExitCode::kOk, ExitCode::kUsage, ExitCode::kBadInput, ExitCode::kInternal, ExitCode::kIo},
                       {threads_variable()},
                       {"fer_predict --checkpoint runs/a/checkpoints/best.safetensors selfie.jpg photos --format csv",
                        "find photos -name '*.png' | fer_predict --checkpoint runs/a/checkpoints/best.safetensors -"}});
  const auto command_line = table.parse_command_line(argc, argv);
  options.text_to_print = table.text_asked_for(command_line, "fer_predict");
  if (!options.text_to_print.empty()) return options;
  table.merge({command_line});
  require_one_of("format", options.format, {"table", "csv", "json"});
  require_one_of("device", options.device, {"auto", "cpu", "cuda"});
  parse_test_views(options.views);
  require_at_least("threads", options.threads, 0);
  options.tensors.empty() ? check_pictures(options, command_line) : check_tensors(options, command_line);
  return options;
}

}  // namespace fer

#include "cli/train_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/stop_signal.h"
#include "base/text.h"
#include "cli/option_sources.h"

namespace fer {
namespace {

/// Texts of options that are checked, and made into values, after parsing.
struct RawChoices {
  std::string config;
  std::string weight_decay_on = "all";
  std::string sync_batch_norm = "auto";
  double min_delta = 1e-4;
  std::int64_t seed = 1;
  std::string classes;
  std::string augment = "none";
  std::string sampler = "uniform";
  std::int64_t virtual_ranks = 8;
  std::string bucket_precision = "fp32";
  std::string checkpoint_every = "1";
  std::string inject;
};

std::string default_dataset() {
  const char* folder = std::getenv("FER_DATASET");
  return folder != nullptr ? folder : "datasets/demo";
}

OptionTable option_table(TrainOptions& options, RawChoices& raw) {
  auto& trainer = options.trainer;
  auto& optimizer = trainer.optimizer;
  auto& data = options.data;
  OptionTable table(
      "Trains a facial-expression classifier on the ranks of a job.\n\n"
      "  fer_dist_train [options]                  one process\n"
      "  mpirun -np N fer_dist_train [options]     N ranks that train one net together\n"
      "  srun --mpi=pmix fer_dist_train [options]  the same under Slurm\n\n"
      "Options come from, strongest first: the command line, --config, --recipe, the defaults below.\n");
  add_general_group(table, options.quiet);
  // A table, in columns of its own.
  // clang-format off
  table.add_group("Run")
      ("recipe", setting(options.recipe, "NAME|FILE"), "one of the recipes that come with it (launch/recipes/), or an INI file")
      ("config", setting(raw.config, "FILE"), "INI file of options, such as a run's config.ini")
      ("dataset", setting(options.dataset, "DIR"), "dataset folder; the default is $FER_DATASET, else datasets/demo")
      ("out", setting(options.out, "DIR"), "folder for what the run leaves; the default is a new one under runs/")
      ("resume", setting(options.resume, "never|auto|PATH"),
       "auto: an unfinished run in --out continues after its last complete checkpoint, and a finished one is left alone, "
       "unless more --epochs are asked for and it was neither stopped early nor trained in phases; of --members each by "
       "itself. PATH: a checkpoint, or a run's folder, from which "
       "a new run goes on in --out")
      ("members", setting(options.members, "N"),
       "train N runs of seeds from --seed on in folders of --out, side by side on groups of ranks, or in turn where "
       "there are fewer ranks; then score them as an ensemble")
      ("seed", setting(raw.seed, "N"), "seed of weights, sample order and dropout")
      ("device", setting(options.device, "auto|cpu|cuda"), "auto: the GPU of this rank if there is one")
      ("backend", setting(options.backend, "auto|mpi|nccl"), "how gradients travel; auto: nccl on GPUs, mpi on CPUs")
      ("threads", setting(options.threads, "N"), "threads per rank; 0: cores / ranks on this host, or OMP_NUM_THREADS")
      ("deterministic", setting(options.deterministic, "auto|run|world|off"),
       "run: the same ranks and threads give the same bits; world: any number of ranks up to --virtual-ranks gives the same "
       "bits, on CPUs, with one thread each; off: GPUs take their fastest kernels; auto: run, on GPUs off")
      ("virtual-ranks", setting(raw.virtual_ranks, "N"),
       "of --deterministic world: in so many parts each step is computed, by as many ranks or fewer; 1, 2, 4 ...")
      ("bucket-mb", setting(trainer.buckets.largest_mb, "MB"),
       "gradients travel in buckets of this size while the backward pass goes on; the last one has 1 MB at most")
      ("bucket-precision", setting(raw.bucket_precision, "fp32|bf16"),
       "bf16: half of the bytes, rounded to 8 bits of mantissa; for slow networks")
      ("cuda-graph", setting(options.cuda_graph, "auto|on|off"),
       "on GPUs: record a step and replay it as one launch; auto: where nothing in the step waits for the GPU")
      ("watchdog", setting(options.watchdog_seconds, "SECONDS"),
       "end the job with 76 when a rank is silent for so long, or works for so long, and for twenty times its longest of late, "
       "between two collectives of training; between hosts 30 at least; 0: wait for ever")
      ("inject", setting(raw.inject, "FAULT"),
       "rehearse a fault, in a run that begins anew: rank=1,step=50,kind=kill, or stop, sleep, nan, enospc")
      ("debug", po::bool_switch(&options.debug), "one process, a slice of the data, anomaly detection, synchronous kernels")
      ("ranks-share-gpu", po::bool_switch(&options.ranks_share_gpu), "for tests: several ranks on one GPU, right but slow")
      ("dry-run", po::bool_switch(&options.dry_run), "check everything up to the first step, then leave")
      ("print-config", po::bool_switch(&options.print_config), "print the resolved options as INI, then leave");
  table.add_group("Data")
      ("classes", setting(raw.classes, "LIST"), "keep these alone, relabelled in this order, as in angry,happy,neutral")
      ("fraction", setting(data.fraction, "F"), "share of each class of the train split to learn from")
      ("augment", setting(raw.augment, "SPEC"),
       "none, light, standard, strong, or parts: flip,rotate=10,shift=0.1,zoom=0.8:1.2,shear=5,crop=44,\n"
       "brightness=0.2,contrast=0.2,erase=0.5,mixup=0.4")
      ("class-weights", setting(options.class_weights, "none|balanced|FILE"), "of the loss; a file has lines class,weight")
      ("sampler", setting(raw.sampler, "uniform|balanced"),
       "balanced draws every class equally often, and no longer every sample once an epoch")
      ("resident-mb", setting(data.resident_mb, "MB"),
       "a larger train split is read from the disk while training; -1: a quarter of the host's free memory, and half of a GPU's")
      ("validation-split", setting(data.validation_split, "NAME"), "default: validation, else public_test, else none")
      ("test-split", setting(data.test_split, "NAME"), "default: test, else private_test, else none");
  table.add_group("Model")
      ("model", setting(options.net.name, "NAME"), ("one of " + join(model_names())).c_str())
      ("head", setting(options.net.head, "PARTS"),
       "of torchvision's nets and of cnn4, cnn7, cnn-bayes: layers after the features instead of their own,\n"
       "conv:128,relu,dense:64,norm,dropout:0.5")
      ("input-size", setting(options.net.input_size, "PIXELS"), "side to which torchvision's nets, s3-joint and s4-cnn bring pictures; 0: their own choice")
      ("stages", setting(options.net.stages, "LIST"),
       "of cnn4, cnn7, cnn-bayes: width x convolutions between pools instead of their own, 32x1,64x2,128x2")
      ("dropout", setting(options.net.dropout, "RATE"), "of these, after each stage; -1: their own")
      ("init-from", setting(options.init_from, "FILE"), "start from the tensors of a safetensors file or checkpoint")
      ("freeze", setting(options.freeze, "none|REGEX"),
       "do not train parameters whose names this fits, nor their batch norms' statistics")
      ("sync-batch-norm", setting(raw.sync_batch_norm, "auto|on|off"),
       "batch statistics over all ranks; auto: where a rank gets fewer than 16 samples a step")
      ("memory-format", setting(options.memory_format, "FORMAT"), "channels-last or contiguous")
      ("precision", setting(options.precision, "fp32|bf16"),
       "bf16: on CPUs the maps between a net's layers are kept in 16 bits, weights and arithmetic stay fp32; on GPUs\n"
       "torch's autocast computes in bf16 what bears it, weights stay fp32. A run's own scores are made so, too, those of\n"
       "fer_evaluate and of ensembles in fp32")
      ("engine", setting(options.engine, "fast|plain"),
       "plain: layer by layer with torch's own operations, the slow way that the fast one is tested by");
  table.add_group("Optimisation")
      ("epochs", setting(trainer.epochs, "N"), "passes over the train split, at most")
      ("batch-size", setting(options.batch_size, "N"), "samples per rank and step; 0: from the global batch")
      ("global-batch-size", setting(data.training_set.global_batch_size, "N"), "samples per step of all ranks together")
      ("optimizer", setting(optimizer.name, "NAME"), ("one of " + join(optimizer_names())).c_str())
      ("lr", setting(optimizer.learning_rate, "RATE"), "learning rate at the start")
      ("momentum", setting(optimizer.momentum, "M"), "of sgd and nesterov")
      ("weight-decay", setting(optimizer.weight_decay, "W"), "L2, added to the gradient; of adamw taken off the weights")
      ("weight-decay-on", setting(raw.weight_decay_on, "all|weights"), "weights: spare biases and batch norms")
      ("loss", setting(trainer.loss.name, "NAME"), ("one of " + join(loss_names())).c_str())
      ("label-smoothing", setting(trainer.loss.label_smoothing, "S"), "share of a target spread over all classes")
      ("clip-norm", setting(trainer.clip_norm, "N"), "most L2 norm of all gradients together; 0: any")
      ("skip-non-finite", setting(trainer.skip_non_finite, "N"),
       "steps in a row to leave out, on all ranks, for a gradient that is no finite number; one more ends the run with 3")
      ("ema", setting(trainer.average_decay, "D"), "score and keep a moving average of the weights, as in 0.999; 0: none")
      ("accumulate", setting(trainer.accumulate, "N"), "parts in which a rank takes its share of a step: less memory");
  table.add_group("Schedule")
      ("schedule", setting(trainer.schedule.name, "NAME"),
       ("one of " + join(LearningRate::names()) + "; plateau: cut the rate when the monitor stops getting better").c_str())
      ("warmup", setting(trainer.schedule.warmup, "EPOCHS"), "the rate rises from nothing; of triangular 0 is a fifth of all")
      ("monitor", setting(trainer.monitor.name, "METRIC"), ("one of " + join(Monitor::names())).c_str())
      ("lr-factor", setting(trainer.schedule.plateau.factor, "F"), "a cut multiplies the rate by this")
      ("lr-patience", setting(trainer.schedule.plateau.patience, "N"), "cut after more than N epochs without improvement")
      ("early-stop-patience", setting(trainer.early_stopping.patience, "N"),
       "stop at the N-th epoch in a row without improvement; 0: never")
      ("stop-at-accuracy", setting(trainer.stop_at_accuracy, "A"), "stop once training accuracy, 0 to 1, is this; 0: never")
      ("min-delta", setting(raw.min_delta, "D"), "an improvement is relatively larger than this");
  table.add_group("Checkpoints")
      ("checkpoint-every", setting(raw.checkpoint_every, "N"),
       "epochs between checkpoints; or steps, as in 200steps, or minutes, as in 10min, whatever the epoch")
      ("preempt-signal", setting(options.preempt_signal, "NAME"),
       ("a signal that, sent to any rank, has all of them save and leave with 75, as TERM does; one of " +
        join(stop_signal_names())).c_str())
      ("keep", setting(options.keep, "N"), "checkpoints named by epoch to keep beside best and last")
      ("on-disk-full", setting(options.on_disk_full, "stop|warn"),
       "what to do where a checkpoint cannot be written; warn: train on, with the one before; what a signal asks to save must "
       "be");
  // clang-format on
  table.end_help_with(
      {{ExitCode::kOk, ExitCode::kUsage, ExitCode::kNonFinite, ExitCode::kBadInput, ExitCode::kInternal, ExitCode::kIo,
        ExitCode::kPreempted, ExitCode::kPeer},
       {{"FER_DATASET", "dataset folder, where --dataset does not say"},
        {"FER_RECIPES", "folder of the recipes, instead of launch/recipes"},
        threads_variable(),
        {"COLUMNS", "columns of the live line, where the terminal does not say"}},
       {"mpirun -np 4 fer_dist_train --recipe fast-s --dataset datasets/faces --out runs/a",
        "mpirun -np 4 fer_dist_train --recipe fast-s --dataset datasets/faces --out runs/a --resume auto",
        "fer_dist_train --config runs/a/config.ini --lr 0.01 --out runs/b"}});
  return table;
}

void require_below_one(const std::string& option, double value) {
  require(value >= 0 && value < 1, ExitCode::kUsage, fmt::format("--{} is {}, but must lie in [0, 1).", option, value));
}

void check_world(const TrainOptions& options, const RawChoices& raw) {
  const auto refuse = [](bool given, const std::string& option) {
    require(!given, ExitCode::kUsage, fmt::format("--deterministic world goes without {}.", option));
  };
  refuse(options.threads > 1, "--threads of more than one: start as many ranks as there are cores");
  refuse(options.device == "cuda", "--device cuda");
  refuse(options.batch_size > 0, "--batch-size, by which a step depends on the ranks: give --global-batch-size");
  refuse(raw.sync_batch_norm == "on", "--sync-batch-norm on: statistics are those of each virtual rank");
  refuse(raw.bucket_precision == "bf16", "--bucket-precision bf16");
  refuse(options.trainer.accumulate > 1, "--accumulate: each virtual rank's samples are a part of their own");
}

void check(const TrainOptions& options, const RawChoices& raw) {
  const auto& trainer = options.trainer;
  require_one_of("device", options.device, {"auto", "cpu", "cuda"});
  require_one_of("backend", options.backend, {"auto", "mpi", "nccl"});
  require_one_of("sync-batch-norm", raw.sync_batch_norm, {"auto", "on", "off"});
  require_one_of("memory-format", options.memory_format, {"channels-last", "contiguous"});
  require_one_of("engine", options.engine, {"fast", "plain"});
  require_one_of("precision", options.precision, {"fp32", "bf16"});
  require(options.precision == "fp32" || options.engine == "fast", ExitCode::kUsage,
          "--precision bf16 goes with --engine fast alone.");
  require_one_of("on-disk-full", options.on_disk_full, {"stop", "warn"});
  require_one_of("cuda-graph", options.cuda_graph, {"auto", "on", "off"});
  require_one_of("bucket-precision", raw.bucket_precision, {"fp32", "bf16"});
  require(trainer.buckets.largest_mb > 0, ExitCode::kUsage,
          fmt::format("--bucket-mb is {}, but must be positive.", trainer.buckets.largest_mb));
  require_one_of("deterministic", options.deterministic, {"auto", "run", "world", "off"});
  require(raw.virtual_ranks >= 1 && (raw.virtual_ranks & (raw.virtual_ranks - 1)) == 0, ExitCode::kUsage,
          fmt::format("--virtual-ranks is {}, but must be a power of two.", raw.virtual_ranks));
  if (options.deterministic == "world") check_world(options, raw);
  require_one_of("sampler", raw.sampler, {"uniform", "balanced"});
  require(options.data.fraction > 0 && options.data.fraction <= 1, ExitCode::kUsage,
          fmt::format("--fraction is {}, but must lie in (0, 1].", options.data.fraction));
  require_at_least<std::int64_t>("resident-mb", options.data.resident_mb, -1);
  require_one_of("schedule", trainer.schedule.name, LearningRate::names());
  require_one_of("weight-decay-on", raw.weight_decay_on, {"all", "weights"});
  require_one_of("loss", trainer.loss.name, loss_names());
  require_one_of("monitor", trainer.monitor.name, Monitor::names());
  require_one_of("optimizer", trainer.optimizer.name, optimizer_names());
  require_one_of("model", options.net.name, model_names());
  require(options.members == 1 || options.resume == "never" || options.resume == "auto", ExitCode::kUsage,
          "--members goes with --resume auto, by which each of them goes on from its own checkpoints.");
  require_at_least("members", options.members, 1);
  require(options.members == 1 || options.data.fraction == 1, ExitCode::kUsage,
          "--members goes without --fraction: the part that is drawn would be that of the first member's seed.");
  require_at_least("threads", options.threads, 0);
  require_at_least<std::int64_t>("epochs", trainer.epochs, 1);
  require_at_least<std::int64_t>("batch-size", options.batch_size, 0);
  require_at_least<std::int64_t>("global-batch-size", options.data.training_set.global_batch_size, 1);
  stop_signal_number(options.preempt_signal);
  require_at_least("watchdog", options.watchdog_seconds, 0.0);
  require(std::isfinite(options.watchdog_seconds), ExitCode::kUsage,
          "--watchdog must be a number of seconds; 0: none.");
  require_at_least<std::int64_t>("keep", options.keep, 0);
  require_at_least("lr-patience", trainer.schedule.plateau.patience, 0);
  require_at_least<std::int64_t>("input-size", options.net.input_size, 0);
  require(options.net.dropout < 1, ExitCode::kUsage,
          fmt::format("--dropout is {}, but must be below 1.", options.net.dropout));
  require_at_least<std::int64_t>("accumulate", trainer.accumulate, 1);
  require_at_least("clip-norm", trainer.clip_norm, 0.0);
  require_at_least<std::int64_t>("skip-non-finite", trainer.skip_non_finite, 0);
  require_at_least("warmup", trainer.schedule.warmup, 0.0);
  require_below_one("ema", trainer.average_decay);
  require_below_one("label-smoothing", trainer.loss.label_smoothing);
  require(trainer.stop_at_accuracy >= 0 && trainer.stop_at_accuracy <= 1, ExitCode::kUsage,
          fmt::format("--stop-at-accuracy is {}, but must lie in [0, 1].", trainer.stop_at_accuracy));
  require(trainer.loss.name == "cross-entropy" || trainer.loss.label_smoothing == 0, ExitCode::kUsage,
          fmt::format("--label-smoothing goes with --loss cross-entropy, not with {}.", trainer.loss.name));
  require_at_least("early-stop-patience", trainer.early_stopping.patience, 0);
  require_at_least("weight-decay", trainer.optimizer.weight_decay, 0.0);
  require_at_least("min-delta", raw.min_delta, 0.0);
  require_at_least<std::int64_t>("seed", raw.seed, 0);
  require(trainer.optimizer.learning_rate > 0 && std::isfinite(trainer.optimizer.learning_rate), ExitCode::kUsage,
          fmt::format("--lr is {}, but must be positive.", trainer.optimizer.learning_rate));
  require_below_one("momentum", trainer.optimizer.momentum);
  require(raw.min_delta < 1, ExitCode::kUsage, fmt::format("--min-delta is {}, but must be below 1.", raw.min_delta));
  const double factor = trainer.schedule.plateau.factor;
  require(factor > 0 && factor < 1, ExitCode::kUsage,
          fmt::format("--lr-factor is {}, but must lie between 0 and 1.", factor));
}

/// Epochs, or steps or minutes, of --checkpoint-every.
void apply_checkpoint_interval(TrainOptions& options, const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  require(error == std::errc() && number >= 1 && (unit.empty() || unit == "steps" || unit == "min"), ExitCode::kUsage,
          fmt::format("--checkpoint-every is '{}', but must be a number of epochs, or like 200steps or 10min.", text));
  options.checkpoint_every = unit.empty() ? number : 0;
  if (unit == "steps") options.trainer.checkpoint_steps = number;
  if (unit == "min") options.trainer.checkpoint_seconds = 60.0 * static_cast<double>(number);
}

void apply(TrainOptions& options, const RawChoices& raw) {
  auto& trainer = options.trainer;
  apply_checkpoint_interval(options, raw.checkpoint_every);
  if (!raw.inject.empty()) options.fault = parse_fault(raw.inject);
  trainer.schedule.plateau.min_delta = raw.min_delta;
  trainer.optimizer.decays_all = raw.weight_decay_on == "all";
  options.data.classes = split_text(raw.classes, ',');
  options.data.training_set.seed = static_cast<std::uint64_t>(raw.seed);
  options.data.training_set.augmentation = parse_augmentation(raw.augment);
  options.data.training_set.balanced = raw.sampler == "balanced";
  if (options.deterministic == "world")
    options.data.training_set.virtual_ranks = trainer.virtual_ranks = raw.virtual_ranks;
  trainer.buckets.bfloat16 = raw.bucket_precision == "bf16";
  trainer.early_stopping.min_delta = raw.min_delta;
  trainer.sync_batch_norm = raw.sync_batch_norm == "on"    ? SyncBatchNorm::kOn
                            : raw.sync_batch_norm == "off" ? SyncBatchNorm::kOff
                                                           : SyncBatchNorm::kAuto;
}

/// @param phase  as of OptionSources
/// @param phases  is told how many there are
TrainOptions parse_phase(int argc, const char* const* argv, std::size_t phase, std::size_t& phases) {
  TrainOptions options;
  RawChoices raw;
  options.trainer.schedule = {"plateau", 0, {/*factor=*/0.1, /*patience=*/5, 0}};
  options.dataset = default_dataset();
  const auto table = option_table(options, raw);
  const auto command_line = table.parse_command_line(argc, argv);
  options.text_to_print = table.text_asked_for(command_line, "fer_dist_train");
  if (!options.text_to_print.empty()) return options;

  const OptionSources sources(table, command_line, phase);
  const auto values = sources.merged();
  phases = sources.phases();
  check(options, raw);
  apply(options, raw);
  const char* unused_batch_size = options.batch_size > 0 ? "global-batch-size" : "batch-size";
  options.ini = table.ini(
      values, {"config", "dataset", "inject", "out", "resume", "dry-run", "print-config", "quiet", unused_batch_size});
  options.ini += ini_line("dataset", std::filesystem::absolute(options.dataset).lexically_normal().string());
  return options;
}

/// The lines of `ini` that are not in `base`.
std::string new_lines(const std::string& ini, const std::string& base) {
  const auto known = split_text(base, '\n');
  std::string text;
  for (const auto& line : split_text(ini, '\n'))
    if (!line.empty() && std::ranges::find(known, line) == known.end()) text += line + "\n";
  return text;
}

/// `ini` with another value of a key that it has.
std::string with_value(const std::string& ini, const std::string& key, const std::string& value) {
  std::string text;
  for (const auto& line : split_text(ini, '\n'))
    if (!line.empty()) text += line.starts_with(key + " =") ? ini_line(key, value) : line + "\n";
  return text;
}

}  // namespace

TrainOptions member_options(const TrainOptions& options, int member, const std::string& out) {
  TrainOptions own = options;
  auto& seed = own.data.training_set.seed;
  seed += static_cast<std::uint64_t>(member);
  own.members = 1;
  own.out = out;
  own.ini = with_value(with_value(options.ini, "seed", std::to_string(seed)), "members", "1");
  return own;
}

TrainOptions parse_train_options(int argc, const char* const* argv) {
  std::size_t phases = 0;
  TrainOptions options = parse_phase(argc, argv, 0, phases);
  const auto base = options.ini;
  for (std::size_t phase = 1; phase <= phases; ++phase) {
    options.phases.push_back(parse_phase(argc, argv, phase, phases));
    options.ini += fmt::format("[phase.{}]\n{}", phase, new_lines(options.phases.back().ini, base));
  }
  if (phases == 0) options.phases = {options};
  return options;
}

}  // namespace fer

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "apps/evaluation_results.h"
#include "apps/run_app.h"
#include "artifacts/checkpoint.h"
#include "artifacts/report.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "cli/evaluate_options.h"
#include "comm/placement.h"
#include "data/host_split.h"
#include "data/loader.h"
#include "data/render.h"
#include "data/resized_split.h"
#include "data/selection.h"
#include "train/ensemble.h"
#include "train/run_comparison.h"
#include "train/saved_net.h"
#include "train/split_role.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

/// A checkpoint may know some of the dataset's classes alone.
void require_fitting(const std::string& path, const CheckpointInfo& info, const Manifest& manifest) {
  const bool known = std::ranges::all_of(info.classes, [&](const std::string& name) {
    return std::ranges::find(manifest.classes, name) != manifest.classes.end();
  });
  require(known, ExitCode::kBadInput,
          fmt::format("'{}' knows the classes {}, but dataset '{}' has {}.", path, join(info.classes), manifest.name,
                      join(manifest.classes)));
}

/// The samples of a split whose classes the checkpoint knows, under its labels.
Split known_samples(const Split& split, const CheckpointInfo& info, const Manifest& manifest) {
  if (!split.labelled() || info.classes == manifest.classes) return split;
  return selected(split,
                  select_samples({split.labels, {}}, manifest.classes, info.classes, /*fraction=*/1, /*seed=*/0));
}

/// A checkpoint's net and what it has to be shown.
struct Member {
  CheckpointInfo info;
  PictureSize pictures;
  std::shared_ptr<Net> net;
};

Member read_member(const std::string& path, const Manifest& manifest, const torch::Device& device) {
  const Checkpoint checkpoint = read_checkpoint(path);
  require_fitting(path, checkpoint.info, manifest);
  return {checkpoint.info, pictures_of(checkpoint.info, path), restore_net(checkpoint, path, device)};
}

void require_same_classes(const std::vector<Member>& members, const std::vector<std::string>& paths) {
  for (std::size_t i = 1; i < members.size(); ++i)
    require(members[i].info.classes == members[0].info.classes, ExitCode::kBadInput,
            fmt::format("'{}' knows the classes {}, but '{}' {}: their answers cannot be averaged.", paths[i],
                        join(members[i].info.classes), paths[0], join(members[0].info.classes)));
}

/// `accuracy 67.10 % (95 %: 65.51 to 68.65)`
std::string accuracy_text(const SplitScores& scores) {
  return fmt::format("accuracy {:.2f} % (95 %: {:.2f} to {:.2f})", 100 * scores.accuracy,
                     100 * scores.accuracy_interval.first, 100 * scores.accuracy_interval.second);
}

void log_scores(const SplitScores& scores, const std::string& split) {
  spdlog::info("{} samples of '{}': {}, macro F1 {:.2f} %, loss {:.4f}", scores.samples, split, accuracy_text(scores),
               100 * scores.macro_f1, scores.loss);
}

void log_test(const PairedTest& test) {
  spdlog::info("{} alone is right on {} samples, {} on {}: p = {:.3g} (McNemar)", test.first, test.first_alone,
               test.second, test.second_alone, test.p_value);
}

/// One line, for two members as for ten.
void log_tests(const std::vector<PairedTest>& tests) {
  if (tests.size() == 1) return log_test(tests.front());
  const auto differ = std::ranges::count_if(tests, [](const PairedTest& test) { return test.p_value < 0.05; });
  spdlog::info("{} of {} pairs of members differ by more than chance (McNemar, 5 %); metrics.json has all", differ,
               tests.size());
}

SplitRole role_of_all(const EvaluateOptions& options, const std::vector<Member>& members, const Manifest& manifest,
                      const std::string& split) {
  std::vector<SplitRole> roles;
  for (std::size_t i = 0; i < members.size(); ++i)
    roles.push_back(role_for_checkpoint(options.checkpoints[i], members[i].info, manifest, split));
  return worst_role(roles, options.checkpoints);
}

std::string split_to_score(const EvaluateOptions& options, const Manifest& manifest) {
  const auto name = !options.split.empty() ? options.split : manifest.has_split("test") ? "test" : "private_test";
  manifest.split(name);  // throws if there is none
  return name;
}

bool has_size(const Split& split, PictureSize size) {
  const auto own = picture_size_of(split.images);
  return own.height == size.height && own.width == size.width;
}

/// The split in the size of the pictures that a net learned from.
Split shown_in(PictureSize size, const Split& split) {
  if (!has_size(split, size))
    spdlog::info("pictures of {}x{} are brought to {}x{}, from which the net learned", split.images.size(1),
                 split.images.size(2), size.height, size.width);
  return resized(split, size);
}

/// What members say of a split, together and, where there are several and labels, each by itself.
struct MemberAnswers {
  Evaluation evaluation;
  std::vector<double> accuracies;
  std::vector<PairedTest> tests;
};

/// Has each member answer, and says what it scores by itself. Collective.
MemberAnswers answers_of_members(const EvaluateOptions& options, std::vector<Member>& members, const Split& split,
                                 const torch::Device& device, MpiCommunicator& host) {
  const auto classes = std::ssize(members.front().info.classes);
  MemberAnswers found;
  Ensemble ensemble(options.averaging);
  std::vector<torch::Tensor> said;
  Split shown = split;
  std::optional<Loader> loader;
  for (std::size_t i = 0; i < members.size(); ++i) {
    agree(host, [&] {
      if (!has_size(shown, members[i].pictures)) shown = shown_in(members[i].pictures, split);
      loader.emplace(shown, classes, device,
                     view_of(members[i].info, parse_test_views(options.views), members[i].pictures));
    });
    const auto answers = answers_of(*members[i].net, *loader, options.averaging, host);
    ensemble.add(answers, options.weights[i]);
    if (members.size() == 1 || !split.labelled()) continue;
    Ensemble alone(options.averaging);
    alone.add(answers);
    said.push_back(alone.probabilities().argmax(1));
    const auto scores = *score(alone.probabilities(), split.labels).scores;
    found.accuracies.push_back(scores.accuracy);
    spdlog::info("{}: {}", options.checkpoints[i], accuracy_text(scores));
  }
  found.evaluation = score(ensemble.probabilities(), split.labels);
  found.tests = tests_of_members(said, options.checkpoints, split.labels);
  return found;
}

ExitCode evaluate_checkpoints(const EvaluateOptions& options, MpiCommunicator& host) {
  const Placement placement = place_rank({options.device, "mpi", options.threads}, host);
  Manifest manifest;
  std::vector<Member> members;
  std::string split_name;
  agree(host, [&] {
    manifest = read_manifest(options.dataset);
    for (const auto& path : options.checkpoints) members.push_back(read_member(path, manifest, placement.device));
    require_same_classes(members, options.checkpoints);
    split_name = split_to_score(options, manifest);
  });
  require_same(host, "the dataset (digest of dataset.json)", manifest.digest());
  const auto& classes = members.front().info.classes;
  const Split split =
      known_samples(load_host_split(options.dataset, manifest, split_name, host), members.front().info, manifest);
  require_together(split.size() > 0, ExitCode::kBadInput,
                   fmt::format("no sample of '{}' is of a class that '{}' knows: {}.", split_name,
                               options.checkpoints.front(), join(classes)));

  std::optional<SubmissionForm> submission;
  agree(host, [&] {
    if (host.rank() == 0) submission = submission_form(options, manifest, split);
  });

  const auto [evaluation, accuracies, tests] = answers_of_members(options, members, split, placement.device, host);
  std::string role;
  agree(host, [&] {
    if (host.rank() != 0) return;
    role = role_of_all(options, members, manifest, split.name).text;
    const EvaluationResults results{options, manifest, classes, split, evaluation, accuracies, tests, role, submission};
    write_results(results);
    if (options.report) write_report(results, members.front().info, *members.front().net, placement.device);
  });
  if (!accuracies.empty()) {
    log_tests(tests);
    spdlog::info("mean of {} members: accuracy {:.2f} %; together:", accuracies.size(),
                 100 * mean_of_members(accuracies));
  }
  if (evaluation.scores) log_scores(*evaluation.scores, split.name);
  spdlog::info(role);
  spdlog::info("results are in {}", options.out);
  return ExitCode::kOk;
}

/// By one process: it reads a few files.
void compare(const EvaluateOptions& options) {
  const auto comparison = compare_runs({options.to_compare.begin(), options.to_compare.end()});
  for (const auto& run : comparison.runs)
    if (run.scores)
      spdlog::info("{}: {}, macro F1 {:.2f} %", run.name, accuracy_text(*run.scores), 100 * run.scores->macro_f1);
  for (const auto& test : comparison.tests) log_test(test);
  for (const auto& note : comparison.notes) spdlog::info(note);
  make_writable_folder(options.out);
  const auto page = fs::path(options.out) / "comparison.html";
  write_file_atomically(page, comparison_page(comparison));
  spdlog::info("the comparison is in {}", page.string());
}

ExitCode evaluate_or_compare(const EvaluateOptions& options, MpiCommunicator& host) {
  if (options.to_compare.empty()) return evaluate_checkpoints(options, host);
  agree(host, [&] {
    if (host.rank() == 0) compare(options);
  });
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_evaluate", argc, argv, parse_evaluate_options, evaluate_or_compare);
}

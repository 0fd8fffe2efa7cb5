#include "data/import/joined_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace fer {

JoinedSource::JoinedSource(std::vector<Named> sources) : sources_(std::move(sources)) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const SampleSource& source = *sources_[i].source;
    require(source.height() == height() && source.width() == width(), ExitCode::kBadInput,
            fmt::format("'{}' has pictures of {}x{}, but '{}' has {}x{}: --size brings all to one.", sources_[0].name,
                        height(), width(), sources_[i].name, source.height(), source.width()));
    match_classes(sources_[i]);
    for (std::size_t split = 0; split < source.splits().size(); ++split) add_split(i, split);
  }
}

void JoinedSource::match_classes(const Named& named) {
  auto& labels = labels_.emplace_back();
  for (const auto& name : named.source->classes()) {
    const auto found = std::ranges::find(classes(), name);
    require(found != classes().end(), ExitCode::kBadInput,
            fmt::format("'{}' has a class '{}', but '{}' has {}: name a source that has all of them first.", named.name,
                        name, sources_[0].name, join(classes())));
    labels.push_back(static_cast<std::uint8_t>(found - classes().begin()));
  }
}

void JoinedSource::add_split(std::size_t source, std::size_t split) {
  const SampleSource& from = *sources_[source].source;
  const SplitShape& shape = from.splits()[split];
  const auto found = std::ranges::find(shapes_, shape.name, &SplitShape::name);
  if (found == shapes_.end()) {
    shapes_.push_back(shape);
    parts_.push_back({{source, split, 0}});
    if (shape.name == "test") submission_header_ = from.submission_header();
    return;
  }
  auto& parts = parts_[static_cast<std::size_t>(found - shapes_.begin())];
  require(found->labelled == shape.labelled, ExitCode::kBadInput,
          fmt::format("of '{}' and '{}', one has labels for the split '{}' and one has none.",
                      sources_[parts[0].source].name, sources_[source].name, shape.name));
  const bool told_by_sample = !from.submission_header().empty() || !submission_header_.empty();
  require(shape.name != "test" || !told_by_sample, ExitCode::kBadInput,
          fmt::format("'{}' and '{}' both have a split 'test', and a sample submission tells its ids and order.",
                      sources_[parts[0].source].name, sources_[source].name));
  parts.push_back({source, split, found->rows});
  found->rows += shape.rows;
  found->voted = found->voted || shape.voted;
}

std::string JoinedSource::description() const {
  std::vector<std::string> texts;
  for (const auto& named : sources_) texts.push_back(named.source->description());
  return join(texts, "; ");
}

std::int64_t JoinedSource::left_out() const {
  std::int64_t count = 0;
  for (const auto& named : sources_) count += named.source->left_out();
  return count;
}

std::vector<std::string> JoinedSource::refused() const {
  std::vector<std::string> all;
  for (const auto& named : sources_)
    for (auto& refusal : named.source->refused()) all.push_back(std::move(refusal));
  return all;
}

void JoinedSource::read(std::size_t split, std::int64_t row, Sample& sample) const {
  const auto& parts = parts_.at(split);
  const auto next = std::ranges::upper_bound(parts, row, {}, &Part::first_row);
  const Part& part = *std::prev(next);
  sources_[part.source].source->read(part.split, row - part.first_row, sample);
  const auto& labels = labels_[part.source];
  if (sample.label) sample.label = labels.at(*sample.label);
  if (!sample.votes.empty()) {
    std::vector<std::uint8_t> votes(classes().size());
    for (std::size_t c = 0; c < sample.votes.size(); ++c) votes[labels.at(c)] = sample.votes[c];
    sample.votes = std::move(votes);
  }
  if (parts.size() > 1) sample.id = row;
}

}  // namespace fer

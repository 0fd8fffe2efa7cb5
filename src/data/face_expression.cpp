#include "data/face_expression.h"

#include <algorithm>
#include <array>

#include "data/synthetic_faces.h"

namespace fer::faces {
namespace {

using enum ActionUnit;

/// One movement of an emotion: how often it takes part, and its range of intensity when the emotion is at its peak.
struct Movement {
  ActionUnit unit;
  float chance;
  float low, high;
};

constexpr std::uint32_t kEmotionCount = kEmotions.size();
constexpr int kMaxMovements = 7;

/// The prototypes of Ekman and Friesen, in the order of kEmotions. A movement with chance 0 pads its row.
constexpr std::array<std::array<Movement, kMaxMovements>, kEmotionCount> kPrototypes = {{
    // angry: 4 + 5 + 7 + 23, now and then with bared teeth
    {{{kBrowLowerer, 1.0f, 0.6f, 1.0f},
      {kUpperLidRaiser, 0.8f, 0.2f, 0.8f},
      {kLidTightener, 0.9f, 0.4f, 1.0f},
      {kLipTightener, 0.8f, 0.5f, 1.0f},
      {kLowerLipDepressor, 0.2f, 0.4f, 1.0f}}},
    // disgust: 9 + 15 + 16, often with a raised lip
    {{{kNoseWrinkler, 1.0f, 0.6f, 1.0f},
      {kLipCornerDepressor, 0.8f, 0.3f, 0.8f},
      {kLowerLipDepressor, 0.7f, 0.3f, 0.9f},
      {kUpperLipRaiser, 0.7f, 0.4f, 1.0f}}},
    // fear: 1 + 2 + 4 + 5 + 20 + 26
    {{{kInnerBrowRaiser, 1.0f, 0.5f, 1.0f},
      {kOuterBrowRaiser, 0.7f, 0.2f, 0.7f},
      {kBrowLowerer, 0.9f, 0.4f, 0.9f},
      {kUpperLidRaiser, 1.0f, 0.5f, 1.0f},
      {kLipStretcher, 0.9f, 0.5f, 1.0f},
      {kLipsPart, 0.8f, 0.3f, 1.0f},
      {kJawDrop, 0.6f, 0.1f, 0.5f}}},
    // happy: 6 + 12, mostly showing teeth
    {{{kCheekRaiser, 0.9f, 0.4f, 1.0f}, {kLipCornerPuller, 1.0f, 0.5f, 1.0f}, {kLipsPart, 0.65f, 0.3f, 1.0f}}},
    // sad: 1 + 4 + 15, often with a raised chin
    {{{kInnerBrowRaiser, 0.9f, 0.5f, 1.0f},
      {kBrowLowerer, 0.8f, 0.2f, 0.7f},
      {kLipCornerDepressor, 1.0f, 0.5f, 1.0f},
      {kChinRaiser, 0.5f, 0.3f, 1.0f}}},
    // surprise: 1 + 2 + 5 + 26
    {{{kInnerBrowRaiser, 1.0f, 0.5f, 1.0f},
      {kOuterBrowRaiser, 1.0f, 0.5f, 1.0f},
      {kUpperLidRaiser, 0.9f, 0.4f, 1.0f},
      {kJawDrop, 1.0f, 0.4f, 1.0f}}},
    // neutral: nothing moves
    {{}},
}};

constexpr float kWeakestPeak = 0.75f;  // how strongly an emotion shows: from here to 1
constexpr float kBlendChance = 0.2f;
constexpr float kLeastShare = 0.15f;  // of the second emotion in a blend; at most a half
constexpr float kMostShare = 0.5f;
constexpr float kTwitchChance = 0.03f;    // of a unit that has nothing to do with the emotion
constexpr float kTwitchStrength = 0.30f;  // at most

Expression draw_prototype(std::uint32_t emotion, PhiloxStream& random) {
  Expression expression;
  const float strength = mix(kWeakestPeak, 1.0f, random.uniform());
  for (const Movement& movement : kPrototypes[emotion]) {
    const bool takes_part = random.uniform() < movement.chance;
    const float intensity = mix(movement.low, movement.high, random.uniform());
    if (takes_part) expression[movement.unit] = strength * intensity;
  }
  return expression;
}

/// Any other emotion, each equally likely.
std::uint32_t draw_second_emotion(std::uint32_t first, PhiloxStream& random) {
  const std::uint32_t step = 1 + random.below(kEmotionCount - 1);
  return (first + step) % kEmotionCount;
}

/// How many annotators name the second emotion: half when the parts are equal, few when it is weak.
float share_of_votes(float second_share) {
  return square(second_share) / (square(second_share) + square(1.0f - second_share));
}

void add_twitches(Expression& expression, PhiloxStream& random) {
  for (float& intensity : expression.intensity) {
    const bool twitches = random.uniform() < kTwitchChance;
    const float twitch = kTwitchStrength * random.uniform();
    if (twitches) intensity = std::min(1.0f, intensity + twitch);
  }
}

}  // namespace

LabelledExpression draw_expression(PhiloxStream& random) {
  const std::uint32_t first = random.below(kEmotionCount);
  const std::uint32_t second = draw_second_emotion(first, random);
  const bool blends = random.uniform() < kBlendChance;
  const float second_share = blends ? mix(kLeastShare, kMostShare, random.uniform()) : 0.0f;

  Expression expression = draw_prototype(first, random);
  if (blends) {
    const Expression other = draw_prototype(second, random);
    for (std::size_t unit = 0; unit < expression.intensity.size(); ++unit) {
      expression.intensity[unit] = mix(expression.intensity[unit], other.intensity[unit], second_share);
    }
  }
  add_twitches(expression, random);
  const bool named_second = random.uniform() < share_of_votes(second_share);
  return {expression, static_cast<std::uint8_t>(named_second ? second : first)};
}

}  // namespace fer::faces

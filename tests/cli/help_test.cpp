#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/text.h"
#include "cli/dataset_options.h"
#include "cli/doctor_options.h"
#include "cli/evaluate_options.h"
#include "cli/help_ending.h"
#include "cli/predict_options.h"
#include "cli/train_options.h"

namespace fer {
namespace {

constexpr std::size_t kWidth = 100;

template <class Parse>
std::string help_of(const Parse& parse) {
  constexpr std::array kAsk = {"program", "--help"};
  return parse(static_cast<int>(kAsk.size()), kAsk.data()).text_to_print;
}

}  // namespace

TEST(Help, OfEveryProgramEndsWithCodesEnvironmentAndExamples) {
  const std::array helps = {help_of(parse_train_options), help_of(parse_dataset_options),
                            help_of(parse_evaluate_options), help_of(parse_predict_options),
                            help_of(parse_doctor_options)};
  for (const auto& help : helps) {
    const auto codes = help.find("\nExit codes:\n  0   all is done\n  2   ");
    const auto environment = help.find("\nEnvironment:\n", codes), examples = help.find("\nExamples:\n", environment);
    ASSERT_NE(codes, std::string::npos) << help;
    ASSERT_NE(examples, std::string::npos) << help;
    EXPECT_LT(help.rfind("\n  --"), codes);
    EXPECT_NE(help.find("\n  OMP_NUM_THREADS  ", environment), std::string::npos) << help;
    EXPECT_NE(help.find("fer_", examples), std::string::npos) << help;
    for (const auto& line : split_text(help, '\n')) EXPECT_LE(line.size(), kWidth) << line;
  }
}

TEST(Help, NamesWhatTrainingReadsAndHowItEnds) {
  const auto help = help_of(parse_train_options);
  for (const char* part :
       {"\n  FER_DATASET      dataset folder", "\n  FER_RECIPES      ", "\n  COLUMNS          ",
        "\n  3   training went non-finite", "\n  65  ", "\n  70  ", "\n  74  ", "\n  75  ", "\n  76  "})
    EXPECT_NE(help.find(part), std::string::npos) << part;
}

TEST(Help, LeavesOutAnEmptyEnvironment) {
  EXPECT_EQ(to_text({{ExitCode::kOk}, {}, {"one"}}), "\nExit codes:\n  0   all is done\n\nExamples:\n  one\n");
}

}  // namespace fer

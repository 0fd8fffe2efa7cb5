#include "cli/train_options.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

class TrainOptionsTest : public testing::Test {
 protected:
  TrainOptionsTest() {
    ::setenv("FER_RECIPES", folder_.path().c_str(), 1);
    ::unsetenv("FER_DATASET");
    write_text(folder_ / "default.ini", "epochs = 12\nglobal-batch-size = 128\n");
    write_text(folder_ / "fast.ini", "epochs = 3\nlr = 0.5\nglobal-batch-size = 32\n");
  }

  static TrainOptions parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "fer_dist_train");
    return parse_train_options(static_cast<int>(arguments.size()), arguments.data());
  }

  static void expect_usage_error(const std::vector<const char*>& arguments, const std::vector<std::string>& parts) {
    expect_error(ExitCode::kUsage, parts, [&] { parse(arguments); });
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_F(TrainOptionsTest, CommandLineOverConfigOverRecipeOverDefaults) {
  write_text(folder_ / "config.ini", "lr = 0.25\nseed = 9\n");
  const auto config = (folder_ / "config.ini").string();
  const auto options = parse({"--recipe", "fast", "--config", config.c_str(), "--seed", "7"});
  EXPECT_EQ(options.data.training_set.seed, 7U);             // command line
  EXPECT_EQ(options.trainer.optimizer.learning_rate, 0.25);  // config
  EXPECT_EQ(options.trainer.epochs, 3);                      // recipe
  EXPECT_EQ(options.trainer.optimizer.momentum, 0.9);        // default
}

TEST_F(TrainOptionsTest, AConfigMayNameTheRecipe) {
  write_text(folder_ / "config.ini", "recipe = fast\n");
  EXPECT_EQ(parse({"--config", (folder_ / "config.ini").c_str()}).trainer.epochs, 3);
}

TEST_F(TrainOptionsTest, TheIniRepeatsTheRun) {
  const auto first = parse({"--recipe", "fast", "--lr", "0.0003", "--monitor", "val_loss", "--batch-size", "16"});
  write_text(folder_ / "config.ini", first.ini);
  EXPECT_EQ(parse({"--config", (folder_ / "config.ini").c_str()}).ini, first.ini);
}

// A run is repeated from its config.ini, wherever that is read.
TEST_F(TrainOptionsTest, TheIniNamesTheDatasetByItsWholePath) {
  const auto folder = std::filesystem::current_path().string();
  EXPECT_NE(parse({"--dataset", "faces"}).ini.find("dataset = " + folder + "/faces\n"), std::string::npos);
  expect_usage_error({"--dataset", "faces#2"}, {"faces#2", "comment"});
}

// Boost would replace them in its messages by themselves, without an end.
TEST_F(TrainOptionsTest, PlaceholdersOfMessagesAreRefused) {
  expect_usage_error({"--lr", "%value%"}, {"the command line", "'%value%'"});
  expect_usage_error({"--dry-run=%original_token%"}, {"the command line", "'%original_token%'"});
  const auto config = (folder_ / "config.ini").string();
  for (const std::string line : {"lr = 1%value%", "%invalid_line%"}) {
    write_text(folder_ / "config.ini", "epochs = 2\n" + line + "\n");
    expect_usage_error({"--config", config.c_str()}, {"config.ini", "%'"});
  }
}

TEST_F(TrainOptionsTest, ABatchSizeReplacesTheRecipesGlobalBatch) {
  EXPECT_EQ(parse({}).data.training_set.global_batch_size, 128);
  EXPECT_EQ(parse({"--batch-size", "16"}).batch_size, 16);
  expect_usage_error({"--batch-size", "16", "--global-batch-size", "64"}, {"--batch-size", "--global-batch-size"});
}

TEST_F(TrainOptionsTest, DatasetComesFromTheEnvironment) {
  EXPECT_EQ(parse({}).dataset, "datasets/demo");
  ::setenv("FER_DATASET", "/data/faces", 1);
  EXPECT_EQ(parse({}).dataset, "/data/faces");
}

TEST_F(TrainOptionsTest, PhasesOverrideWhatARecipeSaysOfAll) {
  write_text(folder_ / "two.ini",
             "lr = 0.5\nepochs = 9\n[phase.1]\nepochs = 12\n[phase.2]\nlr = 0.1\nfreeze = features\n");
  const auto options = parse({"--recipe", "two"});
  ASSERT_EQ(options.phases.size(), 2U);
  EXPECT_EQ(options.phases[0].trainer.epochs, 12);
  EXPECT_EQ(options.phases[0].trainer.optimizer.learning_rate, 0.5);
  EXPECT_EQ(options.phases[1].trainer.epochs, 9);
  EXPECT_EQ(options.phases[1].trainer.optimizer.learning_rate, 0.1);
  EXPECT_EQ(options.phases[1].freeze, "features");
  EXPECT_EQ(parse({"--recipe", "two", "--lr", "0.2"}).phases[1].trainer.optimizer.learning_rate, 0.2);
  EXPECT_EQ(parse({}).phases.size(), 1U);
}

TEST_F(TrainOptionsTest, EpochsOnTheCommandLineCapEveryPhase) {
  write_text(folder_ / "two.ini", "[phase.1]\nepochs = 12\n[phase.2]\nepochs = 2\n");
  const auto options = parse({"--recipe", "two", "--epochs", "5"});
  EXPECT_EQ(options.phases[0].trainer.epochs, 5);
  EXPECT_EQ(options.phases[1].trainer.epochs, 2);
}

TEST_F(TrainOptionsTest, TheIniRepeatsARunOfPhases) {
  write_text(folder_ / "two.ini",
             "lr = 0.5\n[phase.1]\nema = 0.9\nepochs = 12\n[phase.2]\nema = 0.9\nlr = 0.1\nfreeze = features\n");
  const auto first = parse({"--recipe", "two", "--epochs", "5", "--momentum", "0.5"});
  write_text(folder_ / "config.ini", first.ini);
  const auto again = parse({"--config", (folder_ / "config.ini").c_str()});
  EXPECT_EQ(again.ini, first.ini);
  ASSERT_EQ(again.phases.size(), 2U);
  EXPECT_EQ(again.phases[1].freeze, "features");
  EXPECT_EQ(again.phases[0].trainer.epochs, 5);
  EXPECT_EQ(again.phases[1].trainer.average_decay, 0.9);
}

TEST_F(TrainOptionsTest, WrongSectionsAreNamed) {
  write_text(folder_ / "skips.ini", "[phase.2]\nlr = 1\n");
  expect_usage_error({"--recipe", "skips"}, {"skips.ini", "[phase.2]", "[phase.1]"});
  write_text(folder_ / "model.ini", "[phase.1]\nmodel = mlp\n");
  expect_usage_error({"--recipe", "model"}, {"'model'", "cannot change"});
}

TEST_F(TrainOptionsTest, MistakesAreNamed) {
  expect_usage_error({"--epoch", "3"}, {"--epoch", "'epochs'"});
  expect_usage_error({"--epochs", "many"}, {"epochs", "many"});
  expect_usage_error({"--epochs"}, {"epochs"});
  expect_usage_error({"--epochs", "0"}, {"--epochs is 0"});
  expect_usage_error({"--lr", "-1"}, {"--lr"});
  expect_usage_error({"--lr", "inf"}, {"--lr"});
  expect_usage_error({"--seed", "-1"}, {"--seed"});
  expect_usage_error({"--momentum", "1.5"}, {"--momentum"});
  expect_usage_error({"--lr-factor", "1.5"}, {"--lr-factor"});
  expect_usage_error({"--monitor", "f1"}, {"f1", "val_loss"});
  expect_usage_error({"--model", "cnn"}, {"cnn3-mlp"});
  expect_usage_error({"--recipe", "fats"}, {"fats", "'fast'"});
  expect_usage_error({"--deterministic", "yes"}, {"yes", "world"});
  expect_usage_error({"--deterministic", "world", "--virtual-ranks", "6"}, {"--virtual-ranks is 6", "power of two"});
  expect_usage_error({"--deterministic", "world", "--threads", "2"}, {"world goes without --threads"});
  expect_usage_error({"--deterministic", "world", "--accumulate", "2"}, {"world goes without --accumulate"});
  expect_usage_error({"--deterministic", "world", "--batch-size", "16"}, {"--global-batch-size"});
  expect_usage_error({"stray"}, {"what is 'stray'"});
  write_text(folder_ / "config.ini", "epohcs = 3\n");
  expect_usage_error({"--config", (folder_ / "config.ini").c_str()}, {"epohcs", "'epochs'", "config.ini"});
}

TEST_F(TrainOptionsTest, HelpShowsDefaults) {
  const std::string help = parse({"--help"}).text_to_print;
  for (const char* part : {"--lr RATE (=0.001)", "--momentum M (=0.9)", "--device auto|cpu|cuda (=auto)"})
    EXPECT_NE(help.find(part), std::string::npos) << part;
}

}  // namespace fer

#include "cli/option_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/atomic_file.h"
#include "base/text.h"
#include "cli/build_info.h"

namespace fer {
namespace {

constexpr unsigned kHelpWidth = 100;

/// Where arguments go that no option wants, to be complained about after unknown options, which explain them.
constexpr const char* kStray = "stray-argument";

/// The variables of Boost's messages, which stand for what was given. Boost puts that in for as long as it finds one of
/// them, also in what it has just put in: it would fill the memory instead of refusing such a value.
constexpr std::array kMessageVariables = {"%alternatives%",   "%canonical_option%", "%invalid_line%", "%option%",
                                          "%original_token%", "%prefix%",           "%value%"};

void refuse_message_variables(std::string_view text, const std::string& where) {
  for (const std::string_view variable : kMessageVariables)
    require(text.find(variable) == text.npos, ExitCode::kUsage,
            fmt::format("{} holds '{}', which no option can take: write it otherwise.", where, variable));
}

std::string value_text(const boost::any& value) {
  if (const auto* text = boost::any_cast<std::string>(&value)) return *text;
  if (const auto* flag = boost::any_cast<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = boost::any_cast<double>(&value)) return fmt::format("{}", *number);
  if (const auto* number = boost::any_cast<int>(&value)) return fmt::format("{}", *number);
  if (const auto* number = boost::any_cast<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* number = boost::any_cast<std::uint64_t>(&value)) return fmt::format("{}", *number);
  fail("an option has a type that INI files do not know");
}

}  // namespace

po::options_description_easy_init OptionTable::add_group(const std::string& caption) {
  captions_.push_back(caption);
  groups_.push_back(std::make_unique<po::options_description>(caption, kHelpWidth));
  return groups_.back()->add_options();
}

const po::options_description& OptionTable::all_options() const {
  if (!all_) {
    all_ = std::make_unique<po::options_description>(kHelpWidth);
    for (const auto& group : groups_) all_->add(*group);
    all_->add_options()(kStray, po::value<std::vector<std::string>>());
  }
  return *all_;
}

std::string OptionTable::group_of(const std::string& name) const {
  for (std::size_t i = 0; i < groups_.size(); ++i)
    if (groups_[i]->find_nothrow(name, /*approx=*/false) != nullptr) return captions_[i];
  return "";
}

std::string OptionTable::help() const {
  std::ostringstream text;
  text << usage_;
  for (const auto& group : groups_) text << "\n" << *group;
  text << ending_;
  return text.str();
}

std::string OptionTable::ini(const po::variables_map& values, const std::vector<std::string>& except) const {
  std::string text;
  for (const auto& group : groups_) {
    for (const auto& option : group->options()) {
      const auto& name = option->long_name();
      if (!values.contains(name) || std::ranges::find(except, name) != except.end()) continue;
      text += ini_line(name, value_text(values[name].value()));
    }
  }
  return text;
}

std::string OptionTable::unknown_option(const std::string& name, const std::string& where) const {
  std::vector<std::string> known;
  for (const auto& group : groups_)
    for (const auto& option : group->options()) known.push_back(option->long_name());
  const auto bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  return fmt::format("unknown {} '{}'; did you mean '{}'?", where, name, closest_name(bare, known));
}

po::parsed_options OptionTable::parse_command_line(int argc, const char* const* argv) const {
  namespace style = po::command_line_style;
  for (int i = 1; i < argc; ++i) refuse_message_variables(argv[i], "the command line");
  const auto& options = all_options();
  po::positional_options_description positional;
  for (const auto& [name, values] : positionals_) positional.add(name.c_str(), values);
  if (positionals_.empty() || positionals_.back().second > 0) positional.add(kStray, -1);
  try {
    // Long options only, spelled out: an abbreviation would change its meaning when an option is added.
    auto parsed = po::command_line_parser(argc, argv)
                      .options(options)
                      .positional(positional)
                      .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
                      .allow_unregistered()
                      .run();
    refuse_strays(parsed);
    return parsed;
  } catch (const po::error& error) {
    fail(ExitCode::kUsage, fmt::format("{}. --help lists all options.", error.what()));
  }
}

void OptionTable::refuse_strays(const po::parsed_options& parsed) const {
  for (const auto& option : parsed.options)
    if (option.unregistered)
      fail(ExitCode::kUsage, unknown_option(option.original_tokens.at(0), "option") + " --help lists all.");
  for (const auto& option : parsed.options)
    if (option.string_key == kStray)
      fail(ExitCode::kUsage,
           fmt::format("what is '{}'? Every value belongs to an option, as in --epochs 10.", option.value.at(0)));
}

IniFile OptionTable::parse_ini(const std::filesystem::path& file) const {
  const auto text = read_file(file);
  refuse_message_variables(text, fmt::format("'{}'", file.string()));
  std::vector<std::string> sections(1);
  for (auto line : split_text(text, '\n')) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.starts_with('[')) {
      sections.back() += line + "\n";
      continue;
    }
    const auto wanted = fmt::format("[phase.{}]", sections.size());
    require(line == wanted, ExitCode::kUsage,
            fmt::format("'{}': the section {} is not known; the next could be {}.", file.string(), line, wanted));
    sections.emplace_back();
  }
  IniFile ini{parse_section(sections[0], file), {}};
  for (std::size_t i = 1; i < sections.size(); ++i) ini.phases.push_back(parse_section(sections[i], file));
  return ini;
}

po::parsed_options OptionTable::parse_section(const std::string& text, const std::filesystem::path& file) const {
  const auto& options = all_options();
  std::istringstream stream(text);
  try {
    auto parsed = po::parse_config_file(stream, options, /*allow_unregistered=*/true);
    for (const auto& option : parsed.options)
      if (option.unregistered)
        fail(ExitCode::kUsage, fmt::format("{} (in '{}')", unknown_option(option.string_key, "key"), file.string()));
    return parsed;
  } catch (const po::error& error) {
    fail(ExitCode::kUsage, fmt::format("'{}': {}.", file.string(), error.what()));
  }
}

po::variables_map OptionTable::merge(const std::vector<po::parsed_options>& sources) const {
  po::variables_map values;
  try {
    for (const auto& source : sources) po::store(source, values);
    po::notify(values);
  } catch (const po::error& error) {
    fail(ExitCode::kUsage, fmt::format("{}. --help lists all options.", error.what()));
  }
  return values;
}

std::string OptionTable::text_asked_for(const po::parsed_options& command_line, const std::string& command) const {
  if (names(command_line, "help")) return help();
  return names(command_line, "version") ? version_text(command) : std::string();
}

bool names(const po::parsed_options& source, const std::string& key) {
  return std::ranges::any_of(source.options, [&](const auto& option) { return option.string_key == key; });
}

std::string ini_line(const std::string& key, const std::string& value) {
  require(value.find('#') == std::string::npos, ExitCode::kUsage,
          fmt::format("--{} is '{}', but '#' begins a comment in the INI file that a run keeps: choose another name.",
                      key, value));
  return fmt::format("{} = {}\n", key, value);
}

void require_one_of(const std::string& option, const std::string& value, const std::vector<std::string>& allowed) {
  require(std::ranges::find(allowed, value) != allowed.end(), ExitCode::kUsage,
          fmt::format("--{} is '{}', but must be one of {}.", option, value, join(allowed)));
}

void add_general_group(OptionTable& table, bool& quiet) {
  table.add_group("General")("help", "print this and leave")("version", "print versions and leave")(
      "quiet", po::bool_switch(&quiet), "print warnings and errors only");
}

}  // namespace fer

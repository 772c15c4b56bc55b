// SPDX-License-Identifier: MIT
// The command line: the official main.py's flags under their names, and those that it lacks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "settings.hpp"

namespace pretrain {

class CommandLine {
 public:
  CommandLine();

  /// Throws CLI::ParseError, --help's too.
  void parse(int argc, char** argv);

  const Settings& settings() const { return settings_; }
  /// The program as it was called, with this configuration: to be pasted into a shell.
  std::string again(const std::string& configuration) const;
  /// A sentence for each thing that was accepted and acts otherwise than one might think.
  std::vector<std::string> notes() const;

  /// Gives an option the value that was found for it, so that it is written with the others.
  void resolve(const std::string& option, const std::string& value);
  /// --help's text, for the error that parse() throws for it.
  int help(const CLI::ParseError& error) const { return app_.exit(error); }
  /// All options that have a value, with what they mean, to be read again with --config.
  std::string configuration() const;

 private:
  void model();
  void method();
  void data();
  void training();
  void machine();
  void run();
  void launcher();

  CLI::App app_{"Pretrains a vision transformer with ExtreMA (arXiv 2206.04667).",
                "extrema-pretrain"};
  Settings settings_;
  std::string program_;
  std::vector<CLI::Option*> ignored_;
  std::string unused_;
  bool unused_flag_ = false;
};

}  // namespace pretrain

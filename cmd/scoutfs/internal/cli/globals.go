// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/config"
	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
)

// Options of every command.
const (
	outputFlag   = "output"
	progressFlag = "progress"
	logLevelFlag = "log-level"
	configFlag   = config.FileFlag
	helpFlag     = "help"
	usageFlag    = "usage"
)

// globals are the values of the options of every command.
type globals struct {
	output   string
	progress string
	logLevel string
	config   string
}

func (g *globals) define(flags *pflag.FlagSet) {
	*g = globals{output: output.Text.String(), progress: meter.Auto, logLevel: "warn"}
	flags.SortFlags = false
	flags.Var(values.Choice(&g.output, output.Forms()...), outputFlag,
		"write the report in this `FORM`: text, table, json, or jsonl (JSON lines); not every command has all")
	flags.Var(values.Choice(&g.progress, meter.Modes()...), progressFlag,
		"show progress on the standard error: `MODE` is auto (a bar on a terminal), bar, json (lines), or none")
	flags.StringVar(&g.config, configFlag, "",
		"read the configuration from `FILE` in place of "+config.DefaultFile)
	flags.Var(values.Choice(&g.logLevel, "debug", "info", "warn", "error"), logLevelFlag,
		"write messages of this `LEVEL` and above to the standard error: debug, info, warn or error")
	flags.Bool(helpFlag, false, "show this help")
	flags.Bool(usageFlag, false, "show a short usage message")
}

// prepare makes what the running command gets from its Env.
func (e *Env) prepare(cmd *cobra.Command, g *globals, process Process) error {
	origins, err := e.configure(cmd, g, process)
	if err != nil {
		return err
	}
	form, err := reportForm(cmd, g.output, origins[outputFlag].General)
	if err != nil {
		return err
	}
	e.out = output.New(form, e.stdout)
	e.log = logger(e.stderr, form, g.logLevel)
	e.meter = meter.New(g.progress, e.stderr, meter.Options{Now: e.Now, Color: e.stderr.Color()})
	return nil
}

// configure sets the options that environment and configuration know, and
// returns where their values came from.
func (e *Env) configure(cmd *cobra.Command, g *globals, process Process) (map[string]config.Origin, error) {
	if cmd.Annotations[plainAnnotation] != "" {
		return nil, nil
	}
	var err error
	e.config, err = config.Load(config.Source{
		Root:      cmd.Root(),
		File:      g.config,
		Default:   process.ConfigFile,
		LookupEnv: process.LookupEnv,
	})
	if err != nil {
		return nil, err
	}
	return e.config.Apply(cmd)
}

// reportForm returns the form called name. One that cmd does not have is an
// error if it was asked of this command; general asks those that have it, and
// the others report in text.
func reportForm(cmd *cobra.Command, name string, general bool) (output.Form, error) {
	form, err := output.ParseForm(name)
	if err != nil {
		return output.Text, err
	}
	known := Forms(cmd)
	switch {
	case slices.Contains(known, name):
		return form, nil
	case general:
		return output.Text, nil
	}
	return output.Text, Usagef("--%s cannot be '%s' here, use one of %s", outputFlag, name, strings.Join(known, ", "))
}

func logger(w *meter.Screen, form output.Form, levelName string) *slog.Logger {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug,
		"info":  slog.LevelInfo,
		"warn":  slog.LevelWarn,
		"error": slog.LevelError,
	}
	options := &slog.HandlerOptions{Level: levels[levelName]}
	if form.Machine() {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

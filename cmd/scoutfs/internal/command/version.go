// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/format"
)

// versionReport is what version reports as JSON.
type versionReport struct {
	Version           string `json:"version"`
	Commit            string `json:"commit,omitempty"` // absent if it was not built from a checkout
	Go                string `json:"go"`
	FormatVersionsMin uint64 `json:"format_version_min"`
	FormatVersionsMax uint64 `json:"format_version_max"`
}

func newVersion(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		GroupID: cli.GroupProgram,
		Short:   "Show the version of the program and the formats it knows",
		RunE: func(_ *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			return showVersion(env)
		},
	}
	cli.Reports(cmd, output.JSON, output.JSONL)
	cli.Plain(cmd)
	return cmd
}

func showVersion(env *cli.Env) error {
	report, out := versionOf(env.Version), env.Output()
	if out.Form().Machine() {
		return out.Object(report)
	}
	out.Printf("scoutfs %s\n", report.Version)
	if report.Commit != "" {
		out.Printf("commit %s\n", report.Commit)
	}
	out.Printf("built with %s\n", report.Go)
	out.Printf("supported format versions: %d-%d\n", report.FormatVersionsMin, report.FormatVersionsMax)
	return out.Err()
}

func versionOf(version string) versionReport {
	report := versionReport{
		Version:           version,
		FormatVersionsMin: format.MinVersion,
		FormatVersionsMax: format.MaxVersion,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return report
	}
	report.Go = info.GoVersion
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			report.Commit = setting.Value + report.Commit
		case setting.Key == "vcs.modified" && setting.Value == "true":
			report.Commit += " with changes"
		}
	}
	return report
}

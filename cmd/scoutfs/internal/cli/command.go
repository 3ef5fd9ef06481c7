// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/config"
	"scoutfs/cmd/scoutfs/internal/output"
)

// Constructor makes one command. It is called once for each run of the
// program, so the command's options live in its variables and nowhere else.
type Constructor func(*Env) *cobra.Command

// Groups of commands, for cobra.Command.GroupID. The first five are
// upstream's.
const (
	GroupCore    = "core"
	GroupInfo    = "info"
	GroupSearch  = "search"
	GroupAgent   = "agent"
	GroupDebug   = "debug"
	GroupFiles   = "files"
	GroupProgram = "program"
)

func groups() []*cobra.Group {
	return []*cobra.Group{
		{ID: GroupCore, Title: "Core admin"},
		{ID: GroupInfo, Title: "Additional Information"},
		{ID: GroupSearch, Title: "Search Acceleration"},
		{ID: GroupAgent, Title: "Archival Agent Support"},
		{ID: GroupDebug, Title: "Debugging commands"},
		{ID: GroupFiles, Title: "Files, on mounts and devices"},
		{ID: GroupProgram, Title: "About this program"},
	}
}

// Annotations of commands and flags.
const (
	formsAnnotation     = "scoutfs_forms"     // of a command: the forms its report can have
	calledAsAnnotation  = "scoutfs_called_as" // of a command: other names of the program that stand for it
	plainAnnotation     = "scoutfs_plain"     // of a command: it reads no configuration
	usageAnnotation     = "scoutfs_usage"     // of a command: the exit status of a wrong command line
	extensionAnnotation = "scoutfs_extension" // of a flag: upstream's command does not have it
)

// Reports declares the forms in which cmd can report, besides output.Text.
// With any other the command is refused before it runs.
func Reports(cmd *cobra.Command, forms ...output.Form) {
	names := []string{output.Text.String()}
	for _, form := range forms {
		names = append(names, form.String())
	}
	annotate(cmd, formsAnnotation, strings.Join(names, " "))
}

// Forms returns the names of the forms in which cmd can report.
func Forms(cmd *cobra.Command) []string {
	if names := cmd.Annotations[formsAnnotation]; names != "" {
		return strings.Fields(names)
	}
	return []string{output.Text.String()}
}

func annotate(cmd *cobra.Command, key, value string) {
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[key] = value
}

// CalledAs declares names by which the program is called to run cmd, such as
// mkfs.scoutfs. They stand for the program's name in messages.
func CalledAs(cmd *cobra.Command, names ...string) {
	annotate(cmd, calledAsAnnotation, strings.Join(names, " "))
}

// OtherNames returns the names by which the program is called to run cmd.
func OtherNames(cmd *cobra.Command) []string {
	return strings.Fields(cmd.Annotations[calledAsAnnotation])
}

// Plain declares that cmd reads neither environment nor configuration, so that
// it works when they are broken.
func Plain(cmd *cobra.Command) {
	annotate(cmd, plainAnnotation, "true")
}

// UsageStatus declares the exit status of a wrong command line for commands
// that cannot use StatusUsage, because other programs give them their exit
// statuses.
func UsageStatus(cmd *cobra.Command, status int) {
	annotate(cmd, usageAnnotation, strconv.Itoa(status))
}

func usageStatus(cmd *cobra.Command) int {
	status, err := strconv.Atoi(cmd.Annotations[usageAnnotation])
	if err != nil {
		return StatusUsage
	}
	return status
}

// Extension declares options of an upstream command that upstream does not
// have, so that no short form of an upstream option changes its meaning.
func Extension(cmd *cobra.Command, names ...string) {
	annotateFlags(cmd, extensionAnnotation, names)
}

// CommandLineOnly declares options that make a command dangerous: neither
// environment nor configuration can set them. Options named force, yes, or
// allow-... are always so.
func CommandLineOnly(cmd *cobra.Command, names ...string) {
	annotateFlags(cmd, config.CommandLineOnly, names)
}

func annotateFlags(cmd *cobra.Command, key string, names []string) {
	for _, name := range names {
		if err := cmd.Flags().SetAnnotation(name, key, []string{"true"}); err != nil {
			panic(err) // the command declares an option that it does not define
		}
	}
}

func annotated(flag *pflag.Flag, key string) bool {
	return slices.Contains(flag.Annotations[key], "true")
}

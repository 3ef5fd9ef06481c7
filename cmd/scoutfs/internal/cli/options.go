// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/getopt"
)

// optionsOf returns the options of cmd as getopt reads them: the command's
// own in the order in which they were defined, then the ones every command
// has.
func optionsOf(cmd *cobra.Command) []getopt.Option {
	var options []getopt.Option
	taken := make(map[byte]bool)
	add := func(flag *pflag.Flag, extension bool) {
		option := getopt.Option{Long: flag.Name, Extension: extension}
		if flag.Shorthand != "" {
			option.Short = flag.Shorthand[0]
			taken[option.Short] = true
		}
		switch {
		case flag.Name == helpFlag || flag.Name == usageFlag:
			option.Last = true
		case flag.Value.Type() == "bool":
			option.Argument = getopt.Switch
		case flag.NoOptDefVal != "":
			option.Argument = getopt.Optional
		default:
			option.Argument = getopt.Required
		}
		options = append(options, option)
	}
	cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		add(flag, annotated(flag, extensionAnnotation))
	})
	add(cmd.Root().PersistentFlags().Lookup(helpFlag), false)
	options = append(options, getopt.Option{Long: "program-name", Phantom: true})
	add(cmd.Root().PersistentFlags().Lookup(usageFlag), false)
	options = append(options, getopt.Option{Long: "HANG", Phantom: true})
	cmd.Root().PersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != helpFlag && flag.Name != usageFlag {
			add(flag, true)
		}
	})
	for _, short := range []byte("?h") {
		if !taken[short] {
			options = append(options, getopt.Option{Long: helpFlag, Short: short, Last: true, Alias: true})
		}
	}
	return options
}

// words returns settings and operands as cobra reads them without mistaking
// one for the other.
func words(settings []getopt.Setting, operands []string) []string {
	var words []string
	for _, setting := range settings {
		words = append(words, setting.String())
	}
	if len(operands) > 0 {
		words = append(append(words, "--"), operands...)
	}
	return words
}

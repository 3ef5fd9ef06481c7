// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/getopt"
)

// optionsOf returns the options of cmd as getopt reads them: the command's
// own in the order in which they were defined, argp's, and last the ones that
// this program gives to every command.
func optionsOf(cmd *cobra.Command) []getopt.Option {
	var options []getopt.Option
	letters := make(map[byte]bool)
	add := func(flag *pflag.Flag, extension bool) {
		option := optionOf(flag)
		option.Extension = extension
		letters[option.Short] = true
		options = append(options, option)
	}
	for _, flag := range OwnFlags(cmd) {
		add(flag, annotated(flag, extensionAnnotation))
	}
	global := cmd.Root().PersistentFlags()
	add(global.Lookup(helpFlag), false)
	add(global.Lookup(usageFlag), false)
	options = append(options,
		getopt.Option{Long: "program-name", Phantom: true},
		getopt.Option{Long: "HANG", Phantom: true})
	global.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != helpFlag && flag.Name != usageFlag {
			add(flag, true)
		}
	})
	for _, letter := range []byte("?h") {
		if !letters[letter] {
			options = append(options, getopt.Option{Long: helpFlag, Short: letter, Last: true, Alias: true})
		}
	}
	return options
}

func optionOf(flag *pflag.Flag) getopt.Option {
	option := getopt.Option{Long: flag.Name, Argument: getopt.Required}
	if flag.Shorthand != "" {
		option.Short = flag.Shorthand[0]
	}
	switch {
	case flag.Name == helpFlag || flag.Name == usageFlag:
		option.Argument, option.Last = getopt.None, true
	case flag.Value.Type() == "bool":
		option.Argument = getopt.Switch
	case flag.NoOptDefVal != "":
		option.Argument = getopt.Optional
	}
	return option
}

// cobraWords returns settings and operands written so that cobra cannot
// mistake one for the other.
func cobraWords(settings []getopt.Setting, operands []string) []string {
	var words []string
	for _, setting := range settings {
		words = append(words, setting.String())
	}
	if len(operands) > 0 {
		words = append(append(words, "--"), operands...)
	}
	return words
}

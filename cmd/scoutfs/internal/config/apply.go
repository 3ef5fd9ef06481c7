// SPDX-License-Identifier: GPL-2.0-or-later

package config

import (
	"fmt"
	"strings"

	"github.com/spf13/cast"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	pathFlag     = "path"
	pathVariable = "SCOUTFS_MOUNT_PATH"
)

// Setting is the value of one option without the command line.
type Setting struct {
	Flag   *pflag.Flag
	Values []string // more than one only for options that can be repeated
	Origin Origin
}

// Key returns the key that the file has for the option of cmd.
func (s *Setting) Key(cmd *cobra.Command) string {
	return strings.Join(keyOf(cmd, s.Flag), ".")
}

// keyOf returns the names of the commands below the root, and of the flag.
func keyOf(cmd *cobra.Command, flag *pflag.Flag) []string {
	return strings.Fields(cmd.CommandPath() + " " + flag.Name)[1:]
}

// Apply sets the options of cmd that the command line did not set, and
// returns where their values came from, by name. They then count as given
// (pflag.Flag.Changed).
func (c *Config) Apply(cmd *cobra.Command) (map[string]Origin, error) {
	var first error
	origins := make(map[string]Origin)
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if first != nil || flag.Changed {
			return
		}
		setting, err := c.Find(cmd, flag)
		if err == nil && setting.Origin.Layer != Default {
			origins[flag.Name] = setting.Origin
			err = setting.Set()
		}
		first = err
	})
	return origins, first
}

// Set sets the option to its values. It then counts as given.
func (s *Setting) Set() error {
	for _, value := range s.Values {
		if err := s.Flag.Value.Set(value); err != nil {
			return &Error{s.Origin, fmt.Sprintf("invalid value '%s' for option '--%s': %s", value, s.Flag.Name, err)}
		}
	}
	s.Flag.Changed = true
	return nil
}

// Find returns the value of a flag of cmd in environment, file or default.
func (c *Config) Find(cmd *cobra.Command, flag *pflag.Flag) (Setting, error) {
	setting := Setting{Flag: flag}
	if ignored(flag) {
		return setting.withDefault(), nil
	}
	for _, place := range c.places(cmd, flag) {
		values, err := c.read(place, flag)
		if err != nil {
			return setting, err
		}
		if values != nil {
			setting.Values, setting.Origin = values, place
			return setting, nil
		}
	}
	return setting.withDefault(), nil
}

func (s Setting) withDefault() Setting {
	s.Values, s.Origin = []string{s.Flag.DefValue}, Origin{Layer: Default}
	return s
}

// places returns where a flag can be set, in falling precedence.
func (c *Config) places(cmd *cobra.Command, flag *pflag.Flag) []Origin {
	global := c.root.PersistentFlags().Lookup(flag.Name) == flag
	words := keyOf(cmd, flag)
	environment := []Origin{{Layer: Environment, Name: variable(words...)}}
	file := []Origin{{Layer: File, Name: c.file, Key: strings.Join(words, ".")}}
	if global {
		environment = append(environment, Origin{Layer: Environment, Name: variable(flag.Name), General: true})
		file = append(file, Origin{Layer: File, Name: c.file, Key: flag.Name, General: true})
	}
	if flag.Name == pathFlag {
		environment = append(environment, Origin{Layer: Environment, Name: pathVariable, General: true})
	}
	return append(environment, file...)
}

// variable returns the name of the environment variable for words.
func variable(words ...string) string {
	name := "SCOUTFS_" + strings.Join(words, "_")
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// read returns the values at one place, or nil if there are none.
func (c *Config) read(place Origin, flag *pflag.Flag) ([]string, error) {
	if place.Layer == Environment {
		return c.readVariable(place, flag)
	}
	if !c.viper.InConfig(place.Key) {
		return nil, nil
	}
	value := c.viper.Get(place.Key)
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	} else if _, repeated := flag.Value.(pflag.SliceValue); !repeated {
		return nil, &Error{place, fmt.Sprintf("'%s' takes one value, not a list", place.Key)}
	}
	var texts []string
	for _, value := range list {
		text, err := cast.ToStringE(value)
		if _, fraction := value.(float64); fraction {
			return nil, &Error{place, fmt.Sprintf("a value of '%s' must be quoted", place.Key)} // 1.10 became 1.1
		} else if err != nil {
			return nil, &Error{place, fmt.Sprintf("'%s' has something that is not a value", place.Key)}
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// readVariable counts an empty variable as not set, as shells make it hard
// to tell the two apart.
func (c *Config) readVariable(place Origin, flag *pflag.Flag) ([]string, error) {
	text, _ := c.lookup(place.Name)
	switch _, repeated := flag.Value.(pflag.SliceValue); {
	case text == "":
		return nil, nil
	case commandLineOnly(flag):
		return nil, &Error{place, fmt.Sprintf("option '--%s' can only be given on the command line", flag.Name)}
	case repeated:
		return strings.Fields(text), nil
	}
	return []string{text}, nil
}

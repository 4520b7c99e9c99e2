// The JSON Schema of the format, which editors use for completion and checks. The decoder is the authority; a test
// compares the two.

/// JSON Schema, draft 2020-12.
public let pipelineSchema = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "pipeline.json",
      "description": "A pipeline of stages for `runs exec`. Keys that begin with x- are ignored.",
      "type": "object",
      "required": ["stages"],
      "additionalProperties": false,
      "patternProperties": {"^x-": true},
      "properties": {
        "$schema": {"type": "string", "description": "The location of this schema, for editors."},
        "name": {
          "type": "string", "minLength": 1,
          "description": "The pipeline's name in the store. Default: the file's name without .json."
        },
        "axes": {
          "type": "object",
          "description": "Named lists of values for the matrix of any stage.",
          "propertyNames": {"pattern": "^[A-Za-z0-9_-]+$"},
          "additionalProperties": {"$ref": "#/$defs/axis"}
        },
        "params": {
          "$ref": "#/$defs/params",
          "description": "Params of every stage: ${{ params.NAME }}. Those of axis values, stages and --set are merged over them."
        },
        "params_file": {
          "description": "Files of params (.json, .yaml, .yml, .toml), relative to the pipeline's folder. Later files and \"params\" are merged over them.",
          "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        },
        "defaults": {"$ref": "#/$defs/stage", "description": "Defaults of every stage. Objects are merged key by key."},
        "stages": {
          "type": "object",
          "description": "The stages by name. Names consist of letters, digits, _ and -.",
          "minProperties": 1,
          "additionalProperties": false,
          "patternProperties": {
            "^x-": true,
            "^(?!x-)[A-Za-z0-9_-]+$": {"$ref": "#/$defs/stage"}
          }
        },
        "default": {
          "type": "array", "items": {"type": "string"}, "minItems": 1,
          "description": "What `runs exec` makes by default: stages, train@dataset=iris, or patterns. Default: all."
        },
        "capacity": {
          "type": "object",
          "description": "The available amounts of counted resources, such as {\"licence\": 2}.",
          "properties": {"memory": {"$ref": "#/$defs/size"}},
          "additionalProperties": {"type": "number", "minimum": 0}
        },
        "secrets": {
          "type": "object", "additionalProperties": false,
          "description": "Names of params and variables whose values are not stored: further ones, and exceptions from the rules.",
          "properties": {
            "also": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "not": {"type": "array", "items": {"type": "string", "minLength": 1}}
          },
          "patternProperties": {"^x-": true}
        }
      },
      "$defs": {
        "scalar": {"type": ["string", "number", "boolean"]},
        "axis": {
          "description": "A list of values, or an object of settings by value, for the stages with that value.",
          "oneOf": [
            {"type": "array", "items": {"$ref": "#/$defs/scalar"}},
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/overlay"}}
          ]
        },
        "overlay": {
          "type": "object",
          "additionalProperties": false,
          "patternProperties": {"^x-": true},
          "properties": {
            "params": {"$ref": "#/$defs/params"},
            "resources": {"$ref": "#/$defs/resources"},
            "env": {"$ref": "#/$defs/env"},
            "timeout": {"$ref": "#/$defs/duration"},
            "retries": {"$ref": "#/$defs/retries"}
          }
        },
        "params": {"type": "object", "description": "Names and any JSON values. Objects are merged at every level; null removes."},
        "env": {
          "type": "object",
          "description": "Environment variables of the command; part of the key. Values may contain templates.",
          "additionalProperties": {"$ref": "#/$defs/scalar"}
        },
        "duration": {
          "description": "500ms, 90s, 10m, 4h, 1d, or a number of seconds.",
          "oneOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(ms|s|m|h|d)?$"}
          ]
        },
        "size": {
          "description": "16GiB (powers of 1024), 16GB (powers of 1000), or a number of bytes.",
          "oneOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(B|kB|[KMGTP]i?B)?$"}
          ]
        },
        "digest": {
          "enum": ["content", "metadata"],
          "description": "How changes are detected: by content, or by size and modification time, for very large data."
        },
        "exclude": {
          "type": "array",
          "items": {"type": "string", "minLength": 1},
          "description": "Names and patterns to leave out, besides __pycache__, *.pyc, .ipynb_checkpoints, .DS_Store and .git. [] leaves out nothing."
        },
        "resources": {
          "type": "object",
          "description": "Which stages can run at the same time depends on these. Not part of the key.",
          "properties": {
            "cpus": {"type": "number", "minimum": 0, "default": 1, "description": "CPU cores."},
            "gpus": {
              "description": "GPUs: a whole number, or a fraction below 1 to share a device. 0 hides all GPUs.",
              "oneOf": [
                {"type": "integer", "minimum": 0},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
              ]
            },
            "memory": {"$ref": "#/$defs/size"}
          },
          "patternProperties": {"^x-": true},
          "additionalProperties": {
            "type": "number", "minimum": 0,
            "description": "A counted resource. \"capacity\" or --capacity gives the available amount."
          }
        },
        "retries": {
          "description": "How often and after which failures a stage is retried.",
          "oneOf": [
            {"type": "integer", "minimum": 0},
            {
              "type": "object",
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {
                "max": {"type": "integer", "minimum": 0, "default": 0, "description": "Maximum number of retries."},
                "delay": {
                  "$ref": "#/$defs/duration",
                  "description": "Wait before the first retry; doubles with each retry."
                },
                "on": {
                  "type": "array", "items": {"enum": ["failed", "timed_out", "out_of_memory"]},
                  "description": "The failures that are retried. Default: all three."
                },
                "memory": {
                  "type": "string", "pattern": "^x[0-9]+(\\.[0-9]+)?$",
                  "description": "Factor that multiplies the memory at each retry: x2."
                }
              }
            }
          ]
        },
        "input": {
          "oneOf": [
            {
              "type": "string", "minLength": 1,
              "description": "A file, a directory, or a pattern with *, ? or **; relative to the pipeline's folder."
            },
            {
              "type": "object",
              "required": ["path"],
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {
                "path": {"type": "string", "minLength": 1},
                "digest": {"$ref": "#/$defs/digest"},
                "exclude": {"$ref": "#/$defs/exclude"}
              }
            },
            {
              "type": "object",
              "required": ["from"],
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {
                "from": {
                  "type": "string", "pattern": "^[A-Za-z0-9_-]+\\..+$",
                  "description": "STAGE.OUTPUT: an output of the stages with the same shared matrix values."
                },
                "exclude": {"$ref": "#/$defs/exclude"}
              }
            }
          ]
        },
        "output": {
          "oneOf": [
            {"type": "string", "minLength": 1, "description": "A file or a directory inside the pipeline's folder."},
            {
              "type": "object",
              "required": ["path"],
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {
                "path": {"type": "string", "minLength": 1},
                "persist": {
                  "enum": [false, true, "always"], "default": false,
                  "description": "Left in place between attempts and reruns with the same key (true), or any key (always)."
                },
                "metrics": {
                  "type": "boolean", "default": false,
                  "description": "A JSON file whose numbers are recorded in the store after success."
                },
                "external": {
                  "type": "boolean", "default": false,
                  "description": "May be outside the pipeline's folder: an absolute path, or by .. or links."
                },
                "digest": {"$ref": "#/$defs/digest"}
              }
            }
          ]
        },
        "points": {
          "type": "array",
          "items": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/scalar"}}
        },
        "stage": {
          "type": "object",
          "additionalProperties": false,
          "patternProperties": {"^x-": true},
          "properties": {
            "description": {"type": "string", "description": "What the stage does, for readers."},
            "command": {
              "description": "A list of words to execute, or a string for the shell with quoted values of ${{ … }}.",
              "oneOf": [
                {"type": "array", "minItems": 1, "items": {"type": "string"}},
                {"type": "string", "minLength": 1}
              ]
            },
            "shell": {
              "type": "array", "minItems": 1, "items": {"type": "string"},
              "default": ["bash", "-euo", "pipefail", "-c"],
              "description": "The words that run a command that is a string, which follows as the last word."
            },
            "workdir": {
              "type": "string", "description": "The command's working directory, relative to the pipeline's folder."
            },
            "inputs": {
              "description": "What the stage reads: an object of named paths or a list of paths.",
              "oneOf": [
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/input"}},
                {"type": "array", "uniqueItems": true, "items": {"type": "string", "minLength": 1}}
              ]
            },
            "outputs": {
              "description": "What the stage writes: an object of named paths or a list of paths.",
              "oneOf": [
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/output"}},
                {"type": "array", "uniqueItems": true, "items": {"type": "string", "minLength": 1}}
              ]
            },
            "matrix": {
              "description": "One stage for each combination of values: a list of axis names or an object of lists.",
              "oneOf": [
                {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string"}},
                {
                  "type": "object",
                  "properties": {"include": {"$ref": "#/$defs/points"}, "exclude": {"$ref": "#/$defs/points"}},
                  "patternProperties": {"^x-": true},
                  "additionalProperties": {"$ref": "#/$defs/axis"}
                }
              ]
            },
            "include": {
              "$ref": "#/$defs/points", "description": "Points to add to the matrix, with a value for every key."
            },
            "exclude": {
              "$ref": "#/$defs/points", "description": "Points to remove from the matrix. Keys may be omitted."
            },
            "needs": {
              "type": "array", "items": {"type": "string"},
              "description": "Stages that must be done first. Not part of the key."
            },
            "params": {"$ref": "#/$defs/params", "description": "Params of this stage; part of its key."},
            "uses": {
              "type": "array", "items": {"type": "string"},
              "description": "More params that are part of the key, by path: optim, or optim.lr."
            },
            "env": {"$ref": "#/$defs/env"},
            "pass_env": {
              "type": "array", "items": {"type": "string"},
              "description": "Environment variables of the caller whose values are part of the key."
            },
            "resources": {"$ref": "#/$defs/resources"},
            "retries": {"$ref": "#/$defs/retries"},
            "timeout": {"$ref": "#/$defs/duration", "description": "The maximum duration of an attempt."},
            "always": {"type": "boolean", "default": false, "description": "Run every time."},
            "frozen": {"type": "boolean", "default": false, "description": "Never run; use the outputs as they are."},
            "keep": {
              "type": "integer", "minimum": 0, "default": 1,
              "description": "Number of earlier versions of its outputs to keep for restoring."
            },
            "track_program": {
              "type": "boolean", "default": true,
              "description": "Whether the script that the command runs is an input without being listed."
            },
            "track_imports": {
              "type": "boolean", "default": true,
              "description": "Whether modules of the project are inputs when Python imports them."
            },
            "depfile": {
              "type": "string",
              "description": "A file in which the stage writes what it has read, as a rule of make. Relative to its workdir."
            }
          }
        }
      }
    }

    """#

# Reads a running service with rsdmx, and writes what it read as CSV files into a folder.
# Arguments: address of the 1.x paths, folder.
library(rsdmx)
arguments <- commandArgs(trailingOnly = TRUE)
root <- arguments[1]
folder <- arguments[2]

builder <- SDMXREST21RequestBuilder(regUrl = root, repoUrl = root, compliant = TRUE)
provider <- SDMXServiceProvider(agencyId = "VIPMG", name = "VIPMG", builder = builder)
addSDMXServiceProvider(provider)

keep <- function(found, name) {
  write.csv(found, file.path(folder, name), row.names = FALSE, na = "")
}

flows <- readSDMX(provider = provider, resource = "dataflow", logger = NULL)
keep(as.data.frame(flows), "dataflows.csv")

structure <- readSDMX(
  provider = provider, resource = "datastructure", resourceId = "DSD_BORDER", logger = NULL
)
components <- slot(slot(structure, "datastructures")@datastructures[[1]], "Components")
keep(as.data.frame(components), "components.csv")
codes <- as.data.frame(slot(structure, "codelists"), codelistId = "CL_SEX")
keep(codes, "codes.csv")

data <- readSDMX(
  provider = provider, resource = "data", flowRef = "DF_ENTRY_EXIT",
  key = "M.CRI.ENT..........", key.mode = "SDMX", start = "2023-01", end = "2023-06",
  logger = NULL
)
keep(as.data.frame(data), "generic.csv")

specific <- paste0(root, "/data/DF_ENTRY_EXIT/M.CRI.ENT..........?format=structurespecificdata")
keep(as.data.frame(readSDMX(specific, logger = NULL)), "specific.csv")

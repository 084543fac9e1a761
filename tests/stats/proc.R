# Prints R's and pROC's versions and, of the paired DeLong test of two score vectors, AUROCs, variances, covariance, z, p.
# Usage: Rscript proc.R FILE, a CSV with the columns label (0/1), a and b.
suppressMessages(library(pROC))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
a <- roc(data$label, data$a, levels = c(0, 1), direction = "<")
b <- roc(data$label, data$b, levels = c(0, 1), direction = "<")
test <- roc.test(a, b, method = "delong", paired = TRUE)
numbers <- c(
  value_a = as.numeric(auc(a)), value_b = as.numeric(auc(b)),
  variance_a = var(a, method = "delong"), variance_b = var(b, method = "delong"),
  covariance = cov(a, b, method = "delong"), z = unname(test$statistic), p = test$p.value
)
versions <- sprintf("\"R\": \"%s\", \"pROC\": \"%s\"", getRversion(), packageVersion("pROC"))
cat("{", paste(c(versions, sprintf("\"%s\": %.17g", names(numbers), numbers)), collapse = ", "), "}\n")
